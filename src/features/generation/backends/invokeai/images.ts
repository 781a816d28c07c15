import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { formWithFile } from '#platform/http/form-with-file.ts';
import { OutboundError } from '#platform/http/outbound.ts';
import { mediaTypeOf, SNIFF_BYTES, sniff } from '#platform/imaging/sniff.ts';
import { BackendError, type Batch, type FetchOptions } from '../backend.ts';
import { deleted, imageName, uploaded } from './answers.ts';
import { type InvokeAiClient, isGone } from './client.ts';
import type { Source } from './graphs.ts';

/** @throws BackendError when it is no name of a picture */
function addressOf(name: string): string {
  const { data } = imageName.safeParse(name);
  if (data) return `/api/v1/images/i/${encodeURIComponent(data)}`;
  throw retrievalError('InvokeAI has no picture of that name.');
}

/** What InvokeAI's decoder reads, which is Pillow without its plugins. */
const readable = ['jpeg', 'png', 'webp'];

/** @throws BackendError when the file is none that InvokeAI reads */
export async function uploadSource(
  client: InvokeAiClient,
  { path, strength }: NonNullable<Batch['source']>,
  signal: AbortSignal,
): Promise<Source> {
  const format = sniff(await readHead(path));
  if (!format || !readable.includes(format)) {
    const message = 'InvokeAI starts from JPEG, PNG and WebP alone. Choose another photo.';
    throw new BackendError('invokeai_graph_error', message);
  }
  const file = { name: 'file', path, filename: `source.${format}`, contentType: mediaTypeOf[format] };
  const answer = await client.ask(uploaded, '/api/v1/images/upload', {
    method: 'POST',
    // An intermediate one stays out of the galleries of InvokeAI.
    query: { image_category: 'user', is_intermediate: true },
    body: await formWithFile({}, file),
    signal,
  });
  return { image: answer.image_name, width: answer.width, height: answer.height, strength };
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** @throws BackendError */
export async function deleteImage(client: InvokeAiClient, name: string, signal: AbortSignal): Promise<void> {
  const answer = await client.askIfThere(deleted, addressOf(name), { method: 'DELETE', signal });
  if (!answer?.failed_images?.includes(name)) return;
  throw retrievalError('InvokeAI did not delete the picture.', { isTransient: true });
}

/** ms between the questions whether maintenance is over, which count as one attempt. */
const maintenanceWaits = [5000, 10_000, 20_000, 30_000, 30_000, 30_000];

export interface Fetching extends FetchOptions {
  readonly waits?: readonly number[];
}

/**
 * Writes a picture that is whole, as far as its ends tell: InvokeAI's files are PNG.
 * @throws BackendError of `invokeai_retrieval_error`
 */
export async function fetchImage(
  client: InvokeAiClient,
  name: string,
  write: (chunk: Uint8Array) => Promise<void>,
  { maxBytes, signal, waits = maintenanceWaits }: Fetching,
): Promise<void> {
  let own: { error: unknown } | null = null;
  const writeOn = (chunk: Uint8Array) =>
    write(chunk).catch((error: unknown) => {
      own = { error };
      throw error;
    });
  try {
    const answer = await openImage(client, name, { maxBytes, signal, waits });
    await writePicture(answer.body, writeOn);
  } catch (error) {
    // What the caller could not write is not InvokeAI's doing.
    throw own ? (own as { error: unknown }).error : explainRetrieval(error);
  }
}

async function openImage(client: InvokeAiClient, name: string, { maxBytes, signal, waits }: Required<Fetching>) {
  const headers = { accept: 'image/png' };
  for (let tried = 0; ; tried++) {
    try {
      return await client.stream(`${addressOf(name)}/full`, { headers, maxBytes, signal });
    } catch (error) {
      const wait = waits[tried];
      if (wait === undefined || !isMaintenance(error)) throw error;
      await sleep(wait, undefined, { signal });
    }
  }
}

const isMaintenance = (error: unknown): boolean =>
  error instanceof BackendError && error.cause instanceof OutboundError && error.cause.status === 409;

const pngEnd = Buffer.from('0000000049454e44ae426082', 'hex');

async function writePicture(
  body: AsyncIterable<Uint8Array>,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  let head: Buffer | null = Buffer.alloc(0);
  let end = Buffer.alloc(0);
  let format: ReturnType<typeof sniff> = null;
  const requirePicture = (bytes: Uint8Array) => {
    format = sniff(bytes);
    if (!format) throw retrievalError('What InvokeAI sent is no picture.', { isTransient: true });
  };
  for await (const chunk of body) {
    end = Buffer.concat([end, chunk.subarray(-pngEnd.length)]).subarray(-pngEnd.length);
    if (!head) {
      await write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < SNIFF_BYTES) continue;
    requirePicture(head);
    await write(head);
    head = null;
  }
  if (head) {
    requirePicture(head);
    await write(head);
  }
  if (format === 'png' && !end.equals(pngEnd)) {
    throw retrievalError('The picture from InvokeAI ends in the middle.', { isTransient: true });
  }
}

function explainRetrieval(error: unknown): BackendError {
  if (error instanceof BackendError && error.code === 'invokeai_retrieval_error') return error;
  const cause = error instanceof BackendError ? error.cause : error;
  if (isGone(error)) return retrievalError('The picture is no longer at InvokeAI.', { cause });
  if (cause instanceof OutboundError && cause.kind === 'too_large') {
    return retrievalError('The picture from InvokeAI is larger than this server takes in.', { cause });
  }
  if (error instanceof BackendError) {
    const { isTransient, retryAfterMs } = error;
    return retrievalError(`The picture could not be fetched. ${error.message}`, { isTransient, retryAfterMs, cause });
  }
  if (cause instanceof OutboundError) {
    return retrievalError('The picture stopped coming before it was complete.', { isTransient: true, cause });
  }
  // Of the caller: its signal, or what it writes to.
  return retrievalError('The picture could not be fetched.', { isTransient: true, cause });
}

const retrievalError = (message: string, more: ConstructorParameters<typeof BackendError>[2] = {}) =>
  new BackendError('invokeai_retrieval_error', message, more);
