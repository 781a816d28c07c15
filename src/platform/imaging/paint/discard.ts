/**
 * Gives the memory of planes back at once. They lie outside the heap, where the collector sees no need to hurry: a picture of many layers would leave hundreds of
 * megabytes to be collected. They must not be looked at again.
 */
export function discard(...planes: readonly Float32Array[]): void {
  for (const plane of planes) {
    if (plane.byteLength > 65_536 && plane.byteLength === plane.buffer.byteLength)
      (plane.buffer as ArrayBuffer).transfer(0);
  }
}
