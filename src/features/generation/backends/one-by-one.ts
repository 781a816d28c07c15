import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutboundError } from '#platform/http/outbound.ts';
import { sniff } from '#platform/imaging/sniff.ts';
import { type Backend, BackendError, type Batch, type BatchEvent, type FollowContext } from './backend.ts';

export interface MadePicture {
  readonly bytes: Uint8Array;
  /** Where it is another than was asked for. */
  readonly seed?: number;
}

export type PictureProgress = Omit<Extract<BatchEvent, { kind: 'progress' }>, 'kind' | 'n'>;

export interface Maker {
  /** What is said of a picture that may have been made all the same, and was lost on its way here. */
  readonly lost: string;
  /** @throws BackendError; one that says nothing about this picture alone ends the batch */
  make(batch: Batch, n: number, tell: (progress: PictureProgress) => void, signal: AbortSignal): Promise<MadePicture>;
}

/**
 * What is the same for servers that are asked for one picture, and have it in their answer: they know no batches, and keep nothing, so
 * that a picture is a file of this server's from the moment it came.
 */
export function followOneByOne({
  make,
  lost,
}: Maker): Pick<Backend, 'follow' | 'fetch' | 'forget' | 'cancel' | 'discard' | 'close'> {
  /** What ends a picture that is being made or waits for it, by batch and place. */
  const atWork = new Map<string, Map<number, AbortController>>();

  async function* follow(batch: Batch, context: FollowContext): AsyncGenerator<BatchEvent> {
    const { signal, settled } = context;
    const stops = new Map<number, AbortController>();
    for (const n of batch.seeds.keys()) if (!settled.has(n)) stops.set(n, new AbortController());
    if (stops.size === 0) return;
    signal.throwIfAborted();
    atWork.set(batch.id, stops);
    try {
      yield { kind: 'accepted', ticket: {} };
      for (const [n, stop] of stops) yield* makeOne(batch, n, context, stop.signal);
    } finally {
      if (atWork.get(batch.id) === stops) atWork.delete(batch.id);
    }
  }

  async function* makeOne(
    batch: Batch,
    n: number,
    context: FollowContext,
    stop: AbortSignal,
  ): AsyncGenerator<BatchEvent> {
    // Whoever stops listening stops the making as well.
    const left = new AbortController();
    const signal = AbortSignal.any([context.signal, stop, left.signal]);
    let latest: PictureProgress | null = null;
    let wake = () => {};
    const tell = (progress: PictureProgress) => {
      latest = progress;
      wake();
    };
    const whenTold = () => new Promise<null>((resolve) => (wake = () => resolve(null)));
    try {
      signal.throwIfAborted();
      const making = makeOnceMore(batch, n, tell, signal);
      making.catch(() => {});
      let told = whenTold();
      for (let made = await Promise.race([making, told]); ; made = await Promise.race([making, told])) {
        const progress = latest as PictureProgress | null;
        latest = null;
        told = whenTold();
        if (progress && progress.done < 1) yield { kind: 'progress', n, ...progress };
        if (!made) continue;
        const image = await keepFile(made.bytes, context.workDir);
        yield { kind: 'made', n, image, ...(made.seed === undefined ? {} : { seed: made.seed }) };
        return;
      }
    } catch (error) {
      context.signal.throwIfAborted();
      if (stop.aborted) return yield { kind: 'failed', n, error: cancelled() };
      if (!(error instanceof BackendError) || isOfAll(error)) throw error;
      yield { kind: 'failed', n, error };
    } finally {
      left.abort();
    }
  }

  /** What may have been made is asked for once more at the most: it costs as much each time, whether it comes or not. */
  const makeOnceMore: Maker['make'] = async (batch, n, tell, signal) => {
    try {
      return await make(batch, n, tell, signal);
    } catch (error) {
      if (signal.aborted || !mayHaveBeenMade(error)) throw error;
    }
    try {
      return await make(batch, n, tell, signal);
    } catch (error) {
      if (signal.aborted || !mayHaveBeenMade(error)) throw error;
      const { message } = error as BackendError;
      throw new BackendError('invokeai_connection_error', `${message} ${lost}`, { cause: error });
    }
  };

  const stopAll = (stops: Iterable<AbortController>) => {
    for (const stop of stops) stop.abort();
  };

  const cancel: Backend['cancel'] = async ({ id }, _ticket, only) => {
    for (const [n, stop] of atWork.get(id) ?? []) if (!only || only.includes(n)) stop.abort();
  };

  return {
    follow,
    async fetch(image, write, { maxBytes, signal }) {
      signal.throwIfAborted();
      const found = await stat(image).catch(() => null);
      if (!found) throw retrievalError('The picture is not there any more. Ask for another like it.');
      if (found.size > maxBytes) throw retrievalError('The picture is larger than this server takes in.');
      for await (const chunk of createReadStream(image, { signal })) await write(chunk);
    },
    forget: (image) => rm(image, { force: true }),
    cancel,
    async discard(batch, ticket, _keep, signal) {
      const isThere = atWork.has(batch.id);
      await cancel(batch, ticket ?? {}, null, signal);
      return isThere;
    },
    close() {
      for (const stops of atWork.values()) stopAll(stops.values());
    },
  };
}

/** That it was asked for and no answer came, or none that can be used; a refusal is an answer. */
function mayHaveBeenMade(error: unknown): boolean {
  const cause = error instanceof BackendError && error.isTransient ? error.cause : null;
  if (!(cause instanceof OutboundError) || !cause.wasSent) return false;
  if (cause.kind !== 'status') return true;
  // A gateway that says one of these two has asked nobody.
  return cause.status !== null && cause.status >= 500 && cause.status !== 502 && cause.status !== 503;
}

/** What holds for every picture of a batch, or passes: to go on would be to be refused again. */
const isOfAll = ({ code, isTransient }: BackendError): boolean =>
  isTransient ||
  code === 'invokeai_connection_error' ||
  code === 'invokeai_model_error' ||
  code === 'invokeai_graph_error';

async function keepFile(bytes: Uint8Array, folder: string): Promise<string> {
  const format = sniff(bytes);
  if (!format) throw retrievalError('What was sent is no picture.');
  const path = join(folder, `${randomUUID()}.${format}`);
  await writeFile(path, bytes);
  return path;
}

const cancelled = () => new BackendError('invokeai_generation_error', 'This picture was cancelled.');

const retrievalError = (message: string) => new BackendError('invokeai_retrieval_error', message);
