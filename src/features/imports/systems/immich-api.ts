import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createOutbound, type Outbound, OutboundError, type OutboundRequest } from '#platform/http/outbound.ts';
import { type OpenFile, Skip } from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';
import { Album, type Asset, Asset as AssetShape, type Search } from './immich-shapes.ts';

export interface ImmichOptions {
  /** Of its web pages; with `/api` at its end or without. */
  readonly url: string;
  readonly key: string;
  /** ms before something that failed for the time being is asked for again; longer each time. */
  readonly pauseMs?: number;
  /** ms without a byte. */
  readonly readMs?: number;
  /** Assets of one page. */
  readonly pageSize?: number;
  /** Ends what is under way, and what is waited for, which a silent server would hold for long. */
  readonly signal?: AbortSignal;
}

export interface ImmichApi {
  /** @throws ImportError when it does not answer, is no immich, or takes no such key. @returns the id of whose key it is */
  findMe(): Promise<string>;
  /**
   * Assets that a search finds, each once; those of one's own and of partners. Pages are counted from the start, so that what is added
   * or thrown away there meanwhile moves them: the number is held against immich's own, and what is short is listed again, thrice at most.
   * @param onShort told how many are missing in the end
   */
  search(what: Search, onShort?: (count: number) => void): AsyncGenerator<Asset>;
  /** Without their assets. */
  listAlbums(): Promise<Album[]>;
  /** One album, with its assets where this version of immich still tells them. */
  findAlbum(id: string): Promise<Album>;
  /** Whether searches know albums: the first versions that are known here passed over what they did not know, and found everything. */
  searchesAlbums(): Promise<boolean>;
  countAssets(): Promise<number>;
  /** @throws Skip */
  openOriginal(asset: Asset): Promise<OpenFile>;
  close(): void;
}

const tries = 5;
const listings = 3;

/** immich's HTTP API as far as it tells what somebody has. Nothing is asked for that would change anything. */
export function createImmichApi(options: ImmichOptions): ImmichApi {
  const { key, pauseMs = 1000, pageSize = 250, signal } = options;
  const url = options.url.replace(/\/+$/, '').replace(/\/api$/, '');
  const outbound = openTo({ url: `${url}/api`, readMs: options.readMs ?? 60_000, totalMs: 24 * 60 * 60_000 });
  const headers = { 'x-api-key': key };
  const asked = { headers, ...(signal ? { signal } : {}) };

  /** What failed for the time being is asked for again: all that is asked only reads. */
  async function again<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let n = 1; ; n += 1) {
      try {
        return await work();
      } catch (error) {
        if (n >= tries || !isPassing(error)) throw error;
        await sleep((error as OutboundError).retryAfterMs ?? pauseMs * 2 ** (n - 1), null, { signal });
      }
    }
  }

  async function ask<Shape extends z.ZodType>(
    shape: Shape,
    path: string,
    request: OutboundRequest = {},
  ): Promise<z.infer<Shape>> {
    const answer = await again(() => outbound.json(path, { maxBytes: 64 * 1024 * 1024, ...request, ...asked })).catch(
      explain,
    );
    const parsed = shape.safeParse(answer.value);
    if (!parsed.success) throw new ImportError(`What answers at ${url} is no immich that is known here (${path}).`);
    return parsed.data;
  }

  const findMe = async (): Promise<string> => (await ask(z.object({ id: z.string() }), '/users/me')).id;

  async function* pages(what: Search): AsyncGenerator<Asset> {
    const shape = z.object({ assets: z.object({ items: z.array(AssetShape), nextPage: z.string().nullable() }) });
    for (let page: number | null = 1; page !== null; ) {
      const json = { ...what, page, size: pageSize, order: 'asc', withExif: true };
      const { assets }: z.infer<typeof shape> = await ask(shape, '/search/metadata', { method: 'POST', json });
      yield* assets.items;
      const next: number = Number(assets.nextPage);
      page = next > page ? next : null;
    }
  }

  /** How many a search finds, without the trash; null where this key, or this version, is not told. */
  async function countFound({ visibility, albumIds }: Search): Promise<number | null> {
    const json = { visibility, ...(albumIds ? { albumIds } : {}) };
    const answer = await again(() => outbound.json('/search/statistics', { method: 'POST', json, ...asked })).catch(
      (error) => ([400, 403, 404].includes((error as OutboundError).status ?? 0) ? null : explain(error)),
    );
    return z.object({ total: z.number() }).safeParse(answer?.value).data?.total ?? null;
  }

  return {
    async findMe() {
      await ask(z.object({ res: z.literal('pong') }), '/server/ping');
      return findMe();
    },
    async *search(what, onShort) {
      const told = new Set<string>();
      let found = 0;
      for (let n = 1; ; n += 1) {
        for await (const asset of pages(what)) {
          if (told.has(asset.id)) continue;
          told.add(asset.id);
          if (!asset.isTrashed) found += 1;
          yield asset;
        }
        const short = ((await countFound(what)) ?? 0) - found;
        if (short <= 0) return;
        if (n === listings) return onShort?.(short);
      }
    },
    listAlbums: () => ask(z.array(Album), '/albums'),
    findAlbum: (id) => ask(Album, `/albums/${encodeURIComponent(id)}`),
    searchesAlbums: async () => (await ask(z.object({ major: z.number() }), '/server/version')).major >= 2,
    // A bar that does not know how long it gets is no reason to end.
    countAssets: () =>
      ask(z.object({ total: z.number() }), '/assets/statistics').then(
        ({ total }) => total,
        () => 0,
      ),
    openOriginal: (asset) => openOriginal({ outbound, asked, again, findMe }, asset),
    close: outbound.close,
  };
}

interface Asking {
  readonly outbound: Outbound;
  readonly asked: Pick<OutboundRequest, 'headers' | 'signal'>;
  again<Result>(work: () => Promise<Result>): Promise<Result>;
  /** @throws ImportError when the server does not answer */
  findMe(): Promise<string>;
}

/**
 * The bytes of an original, held against the digest that immich knows them by. A connection that breaks off is made anew, and what had
 * come is passed over.
 */
async function openOriginal({ outbound, asked, again, findMe }: Asking, asset: Asset): Promise<OpenFile> {
  const stop = new AbortController();
  const signal = asked.signal ? AbortSignal.any([stop.signal, asked.signal]) : stop.signal;
  const request = { ...asked, signal, maxBytes: Number.MAX_SAFE_INTEGER };
  /** An original that is gone, or that a disk does not give back, is no reason not to bring the others: a server that is gone is. */
  const giveUp = async (error: unknown): Promise<never> => {
    const status = error instanceof OutboundError ? error.status : null;
    const isMissing = status === 400 || status === 404;
    if (!isMissing && (status === 429 || !isPassing(error))) return explain(error);
    // As whoever asked: a ping is answered by a server whose database is gone as well.
    await findMe();
    throw new Skip(isMissing ? 'missing' : 'unreadable');
  };
  const start = () =>
    again(() => outbound.request(`/assets/${encodeURIComponent(asset.id)}/original`, request)).catch(giveUp);
  const first = await start();

  async function* read(): AsyncGenerator<Uint8Array> {
    const digest = createHash('sha1');
    let given = 0;
    let answer = first;
    for (let n = 1; ; n += 1) {
      let passed = 0;
      try {
        for await (const chunk of answer.body) {
          const fresh = chunk.subarray(Math.max(0, Math.min(chunk.length, given - passed)));
          passed += chunk.length;
          if (fresh.length === 0) continue;
          given += fresh.length;
          digest.update(fresh);
          yield fresh;
        }
        break;
      } catch (error) {
        if (n >= tries || !isPassing(error)) return giveUp(error);
        answer = await start();
      }
    }
    if (isOfContent(asset) && digest.digest('base64') !== asset.checksum) throw new Skip('altered');
  }

  return {
    bytes: Number(first.headers['content-length'] ?? 0),
    modifiedAt: asset.fileModifiedAt ?? null,
    body: read(),
    close: async () => stop.abort(),
  };
}

/** Files of external libraries are known by a digest of their path, and not of what they hold. */
const isOfContent = ({ checksum, originalPath }: Asset): boolean =>
  checksum !== createHash('sha1').update(`path:${originalPath}`).digest('base64');

function isPassing(error: unknown): boolean {
  if (!(error instanceof OutboundError)) return false;
  const { kind, status } = error;
  return ['timeout', 'broken', 'unreachable'].includes(kind) || status === 429 || (status ?? 0) >= 500;
}

/** What went wrong on the way, and what to do about it. @throws ImportError, Skip */
function explain(error: unknown): never {
  if (!(error instanceof OutboundError)) throw error;
  const { status, message } = error;
  if (status === 401) throw new ImportError('immich does not take this key: make one there, and set IMMICH_API_KEY.');
  if (status === 403) {
    throw new ImportError(
      'This key may not do what is needed: give it user.read, asset.read, asset.download and album.read in immich.',
    );
  }
  if (status === 404) throw new ImportError(`What answers there is no immich that is known here: ${message}`);
  throw new ImportError(`immich: ${message} Run the same command again to go on.`);
}

function openTo(options: Parameters<typeof createOutbound>[0]): Outbound {
  try {
    return createOutbound(options);
  } catch (error) {
    throw new ImportError(`immich: ${(error as Error).message}`);
  }
}
