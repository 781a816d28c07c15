export interface ByteRange {
  /** First byte, from 0. */
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/**
 * Reads a `Range` header (RFC 9110, 14.1.2 and 14.2).
 * @param size bytes of the whole, by which the range is clamped
 * @returns `'whole'` when the header is to be ignored: malformed, of another unit, or of several ranges, which a server may answer
 *   with the whole; `'unsatisfiable'` when no byte of it exists
 */
export function parseRange(header: string, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header) ?? [];
  if (first === '') {
    if (last === '') return 'whole';
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return 'whole';
  if (start >= size) return 'unsatisfiable';
  return { start, end: last === '' ? size : Math.min(Number(last) + 1, size) };
}
