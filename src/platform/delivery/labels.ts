import type { ByteRange } from './byte-range.ts';
import type { Deliverable } from './deliverable.ts';

/** Names and values in turn: the cheapest form that node:http takes. */
export type FlatHeaders = (string | number)[];

/** The headers that bytes go out with. `size` is of the whole blob; `range` is null for the whole. */
export function labelsOf(what: Deliverable, size: number, range: ByteRange | null): FlatHeaders {
  const headers: FlatHeaders = [
    'Content-Type',
    what.mimeType,
    'Content-Length',
    range ? range.end - range.start : size,
    'Accept-Ranges',
    'bytes',
    'X-Content-Type-Options',
    'nosniff',
    'Content-Security-Policy',
    "sandbox; default-src 'none'",
    'Cross-Origin-Resource-Policy',
    what.isPublic || what.isForOtherSites ? 'cross-origin' : 'same-origin',
    ...cacheLabelsOf(what),
  ];
  if (range) headers.push('Content-Range', `bytes ${range.start}-${range.end - 1}/${size}`);
  return headers;
}

/** What a 304 repeats of them: RFC 9110, 15.4.5. */
export function cacheLabelsOf({ etag, cacheControl, headers }: Deliverable): FlatHeaders {
  const labels: FlatHeaders = ['ETag', etag, 'Cache-Control', cacheControl];
  for (const name in headers) labels.push(name, headers[name] ?? '');
  return labels;
}
