import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { BlobReader } from '#platform/blobs/blob-store.ts';
import type { BufferPool } from './buffer-pool.ts';
import type { ByteRange } from './byte-range.ts';

/** The client went away before it had everything. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/**
 * Sends a range of a blob as the rest of the response. One buffer at a time: the next read waits until the operating system took the
 * last write.
 * @param begin writes the head, which promises exactly the range's length; called once the first bytes are there, so that a store that
 *   does not answer is still told of by a status
 * @throws ClientGone, or what reading threw; the response is then not complete, and its connection must be destroyed
 */
export async function sendBlob(
  reader: BlobReader,
  { start, end }: ByteRange,
  begin: () => void,
  response: ServerResponse,
  socket: Socket,
  pool: BufferPool,
): Promise<void> {
  const buffer = pool.take();
  let mayBeInUse = false;
  try {
    for (let position = start; position < end; ) {
      const length = Math.min(buffer.length, end - position);
      await reader.read(buffer, 0, length, position);
      if (position === start) begin();
      position += length;
      mayBeInUse = true;
      await handOver(buffer.subarray(0, length), position === end, response, socket);
      mayBeInUse = false;
    }
  } finally {
    // The bytes of another person's picture must never get into a write that the kernel has not finished with.
    if (mayBeInUse) pool.drop(buffer);
    else pool.giveBack(buffer);
  }
}

/**
 * Writes bytes of the response; done when the operating system took them.
 * @param last nothing comes after them
 * @throws ClientGone
 */
export function handOver(bytes: Buffer, last: boolean, response: ServerResponse, socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    // A response that waits behind another on its connection gets no close of its own, and its callback never comes: only the
    // socket tells.
    const gone = () => reject(new ClientGone());
    if (socket.destroyed) return gone();
    socket.once('close', gone);
    const written = (error?: Error | null) => {
      socket.removeListener('close', gone);
      if (error) gone();
      else resolve();
    };
    if (last) response.end(bytes, written);
    else response.write(bytes, written);
  });
}
