/** A tag by itself, with the weak mark apart: RFC 9110, 8.8.3. Commas may stand inside the quotes. */
const tag = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Whether an `If-None-Match` header names `etag`, by the weak comparison that RFC 9110, 13.1.2 asks for.
 * @param etag strong, with its quotes
 */
export function namesTag(header: string, etag: string): boolean {
  if (header === etag || header.trim() === '*') return true;
  for (const [, opaque] of header.matchAll(tag)) if (opaque === etag) return true;
  return false;
}
