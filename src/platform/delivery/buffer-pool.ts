/** What one read and one write of a large blob take. Measured: 256 KiB and 1 MiB cost a tenth more, 64 KiB twice as much. */
const LARGE_BYTES = 512 * 1024;

/** What a stream gets once the pool's share is out, so that thousands of slow clients cost megabytes and none has to wait. */
const SMALL_BYTES = 32 * 1024;

export interface BufferPool {
  take(): Buffer;
  /** Only once nothing reads the buffer or writes into it any more. One that may still be in use is dropped by not giving it back. */
  giveBack(buffer: Buffer): void;
  /** Says that a buffer was dropped. */
  drop(buffer: Buffer): void;
  stats(): { buffersInUse: number; buffersIdle: number };
}

/**
 * Hands out buffers that are used again, as allocating them anew for every read costs page faults and garbage collection.
 * @param large how many of the large ones there may be, 512 KiB each
 */
export function createBufferPool(large = 32): BufferPool {
  const idle: Buffer[] = [];
  let largeInUse = 0;
  let smallInUse = 0;

  const leave = (buffer: Buffer) => {
    if (buffer.length === LARGE_BYTES) largeInUse -= 1;
    else smallInUse -= 1;
  };

  return {
    take() {
      if (largeInUse >= large) {
        smallInUse += 1;
        return Buffer.allocUnsafeSlow(SMALL_BYTES);
      }
      largeInUse += 1;
      return idle.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES);
    },
    giveBack(buffer) {
      leave(buffer);
      if (buffer.length === LARGE_BYTES) idle.push(buffer);
    },
    drop: leave,
    stats: () => ({ buffersInUse: largeInUse + smallInUse, buffersIdle: idle.length }),
  };
}
