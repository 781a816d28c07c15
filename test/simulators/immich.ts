import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** An asset of immich, as far as it matters; the rest of it is made up. */
export interface SimulatedAsset {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly name: string;
  readonly ownerId?: string;
  readonly type?: 'IMAGE' | 'VIDEO';
  readonly visibility?: 'timeline' | 'archive' | 'hidden' | 'locked';
  readonly isTrashed?: boolean;
  readonly isFavorite?: boolean;
  /** Of an external library whose file is gone: it stands in the trash as well. */
  readonly isOffline?: boolean;
  /** Of an external library: known by a digest of its path. */
  readonly externalPath?: string;
  /** Instead of the digest of its bytes. */
  readonly checksum?: string;
  readonly fileCreatedAt?: string;
  readonly localDateTime?: string;
  readonly exif?: Record<string, unknown>;
}

export interface SimulatedAlbum {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly ownerId?: string;
  readonly cover?: string | null;
  readonly order?: 'asc' | 'desc';
  readonly assets: readonly string[];
}

export interface ImmichSimulator {
  readonly url: string;
  readonly me: string;
  readonly key: string;
  readonly assets: SimulatedAsset[];
  readonly albums: SimulatedAlbum[];
  /** `METHOD path` of each request. */
  readonly requests: string[];
  readonly problems: string[];
  faults: {
    /** Answers that are 500, by a part of the path, each as often as it says. */
    failing: Map<string, number>;
    /** What originals of these ids answer each time: their files are gone. */
    gone: Map<string, number>;
    /** Ids of originals whose connection is cut half-way, once each. */
    cut: Set<string>;
    /** Ids of originals whose connection is cut half-way each time. */
    torn: Set<string>;
    /** Listings in which something before their second page is thrown away meanwhile, so that it begins one later. */
    moving: number;
    /** Pages of lists whose answer takes this long to begin, the first time. */
    slowMs: number;
    /** A part of the paths that are never answered. */
    silent: string | null;
    /** What the key lacks: paths that answer 403. */
    denied: RegExp | null;
    /** Before 2, searches do not know albums; since 3, albums tell neither their owner nor their assets. */
    version: 1 | 2 | 3;
  };
  close(): Promise<void>;
}

// What immich 3 takes; versions before ignored what they did not know, and so does it.
const Search = z.object({
  page: z.int().min(1).optional(),
  size: z.int().min(1).max(1000).optional(),
  order: z.enum(['asc', 'desc']).optional(),
  withExif: z.boolean().optional(),
  withDeleted: z.boolean().optional(),
  visibility: z.enum(['archive', 'timeline', 'hidden', 'locked']).optional(),
  albumIds: z.array(z.uuid()).optional(),
});

/** Simulates the part of immich's HTTP API that tells what somebody has. */
export async function createImmichSimulator(me: string): Promise<ImmichSimulator> {
  const key = 'aKeyOfTheirs4f7Qx';
  const assets: SimulatedAsset[] = [];
  const albums: SimulatedAlbum[] = [];
  const requests: string[] = [];
  const problems: string[] = [];
  const faults: ImmichSimulator['faults'] = {
    ...{ failing: new Map(), gone: new Map(), cut: new Set(), torn: new Set(), moving: 0 },
    ...{ slowMs: 0, silent: null, denied: null, version: 2 },
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      problems.push(`the simulator failed: ${error}`);
      response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const method = request.method ?? '';
    requests.push(`${method} ${pathname}`);
    const body = (await buffer(request)).toString();
    const say = (status: number, value: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const refuse = (statusCode: number, message: string) =>
      say(statusCode, { message, error: message, statusCode, correlationId: 'abc' });
    if (faults.silent !== null && pathname.includes(faults.silent)) return;
    for (const [part, times] of faults.failing) {
      if (times === 0 || !pathname.includes(part)) continue;
      faults.failing.set(part, times - 1);
      return refuse(500, 'Internal server error');
    }
    if (pathname === '/api/server/ping') return say(200, { res: 'pong' });
    if (pathname === '/api/server/version') return say(200, { major: faults.version, minor: 137, patch: 3 });
    if (request.headers['x-api-key'] !== key) return refuse(401, 'Invalid API key');
    if (faults.denied?.test(pathname)) return refuse(403, 'Missing required permission: asset.download');
    if (pathname === '/api/users/me')
      return say(200, { id: me, email: 'ines@x.example', name: 'Ines', status: 'active' });
    if (pathname === '/api/assets/statistics')
      return say(200, { images: assets.length, videos: 0, total: assets.length });
    if (pathname === '/api/search/metadata' && method === 'POST') return search(body, say, refuse);
    if (pathname === '/api/search/statistics' && method === 'POST') {
      const { visibility, albumIds } = JSON.parse(body) as z.infer<typeof Search>;
      return say(200, { total: findAll({ visibility, albumIds }).length });
    }
    if (pathname === '/api/albums')
      return say(
        200,
        albums.map((album) => toAlbum(album, false)),
      );
    const [, , kind, id, what] = pathname.split('/');
    const album = albums.find((each) => kind === 'albums' && each.id === id);
    if (album && !what) return say(200, toAlbum(album, true));
    const asset = assets.find((each) => kind === 'assets' && each.id === id);
    const gone = faults.gone.get(id ?? '');
    if (gone !== undefined && what === 'original') return refuse(gone, 'Not found or no asset.download access');
    if (asset && what === 'original') return give(asset, response);
    return refuse(400, 'Not found or no asset.read access');
  }

  function findAll({ visibility, albumIds, withDeleted, order }: z.infer<typeof Search>): SimulatedAsset[] {
    const inAlbums = albums.filter((album) => albumIds?.includes(album.id)).flatMap((album) => album.assets);
    return assets
      .filter((asset) => (asset.visibility ?? 'timeline') === (visibility ?? 'timeline'))
      .filter((asset) => withDeleted || !(asset.isTrashed || asset.isOffline))
      .filter((asset) => !albumIds || faults.version === 1 || inAlbums.includes(asset.id))
      .toSorted((a, b) => (a.fileCreatedAt ?? '').localeCompare(b.fileCreatedAt ?? '') * (order === 'asc' ? 1 : -1));
  }

  async function search(
    body: string,
    say: (status: number, value: unknown) => void,
    refuse: (status: number, message: string) => void,
  ): Promise<void> {
    const parsed = Search.safeParse(JSON.parse(body));
    if (!parsed.success) return refuse(400, parsed.error.message);
    const { page = 1, size = 250 } = parsed.data;
    if (page > 1 && faults.slowMs > 0) await sleep(faults.slowMs).then(() => (faults.slowMs = 0));
    const found = findAll(parsed.data);
    const moved = page === 2 && faults.moving > 0 ? 1 : 0;
    faults.moving -= moved;
    const items = found.slice((page - 1) * size + moved, page * size).map(toAsset);
    const nextPage = found.length > page * size ? String(page + 1) : null;
    say(200, {
      albums: { total: 0, count: 0, items: [], facets: [] },
      assets: { total: items.length, count: items.length, items, facets: [], nextPage },
    });
  }

  function give({ id, bytes }: SimulatedAsset, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': bytes.length, 'accept-ranges': 'bytes' });
    if (!faults.cut.delete(id) && !faults.torn.has(id)) return void response.end(bytes);
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
  }

  const toAsset = (asset: SimulatedAsset) => ({
    id: asset.id,
    ...{ ownerId: asset.ownerId ?? me, type: asset.type ?? 'IMAGE', libraryId: null, thumbhash: null, duration: null },
    originalFileName: asset.name,
    originalPath: asset.externalPath ?? `upload/library/${asset.id}`,
    fileCreatedAt: asset.fileCreatedAt ?? '2024-01-01T00:00:00.000Z',
    fileModifiedAt: '2024-01-01T00:00:00.000Z',
    localDateTime: asset.localDateTime ?? asset.fileCreatedAt ?? '2024-01-01T00:00:00.000Z',
    createdAt: '2025-05-05T05:05:05.000Z',
    isFavorite: asset.isFavorite ?? false,
    isArchived: asset.visibility === 'archive',
    isTrashed: (asset.isTrashed || asset.isOffline) ?? false,
    isOffline: asset.isOffline ?? false,
    ...{ hasMetadata: true, visibility: asset.visibility ?? 'timeline' },
    checksum: asset.checksum ?? sha1(asset.externalPath ? `path:${asset.externalPath}` : asset.bytes),
    exifInfo: { make: null, description: '', latitude: null, longitude: null, timeZone: null, ...asset.exif },
  });

  const toAlbum = (album: SimulatedAlbum, isWhole: boolean) => {
    const owner = { id: album.ownerId ?? me, email: 'o@x.example', name: 'Owner' };
    const known = album.assets.flatMap((id) => assets.filter((asset) => asset.id === id));
    return {
      ...{ id: album.id, albumName: album.name, description: album.description ?? '' },
      ...{ albumThumbnailAssetId: album.cover ?? null, assetCount: album.assets.length, shared: false },
      ...(album.order ? { order: album.order } : {}),
      ...(faults.version < 3
        ? { ownerId: owner.id, owner, albumUsers: [], assets: isWhole ? known.map(toAsset) : [] }
        : { albumUsers: [{ user: owner, role: 'owner' }] }),
    };
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, me, key, assets, albums, requests },
    ...{ problems, faults },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const sha1 = (content: string | Uint8Array): string => createHash('sha1').update(content).digest('base64');
