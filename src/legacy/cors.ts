/** What the pages of other sites are told (https://fetch.spec.whatwg.org/#http-cors-protocol). Never that cookies may come along. */
export interface Cors {
  /** For an answer to this origin; the very same object for the same origin, so that it can be compared. */
  headersFor(origin: string | undefined): Readonly<Record<string, string>>;
  /** For a question beforehand. */
  preflight(origin: string | undefined, methods: readonly string[], asked: string | undefined): Record<string, string>;
}

const exposed = 'Content-Disposition, Content-Length, Content-Range, ETag, Retry-After, WWW-Authenticate, X-Request-Id';
/** A star would not cover Authorization: whatever is asked for is named. */
const usual = 'Authorization, Content-Type, Accept, Origin, X-Requested-With, User-Id';
const isListOfTokens = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+( *, *[A-Za-z0-9!#$%&'*+.^_`|~-]+)*$/;

export function createCors(origins: readonly string[] | '*'): Cors {
  const toAll = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': exposed };
  const toNobody = { Vary: 'Origin' };
  const toOne = new Map(
    (origins === '*' ? [] : origins).map((origin) => [
      origin,
      { 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': exposed, Vary: 'Origin' },
    ]),
  );
  const headersFor: Cors['headersFor'] = (origin) =>
    origins === '*' ? toAll : (origin && toOne.get(origin)) || toNobody;
  return {
    headersFor,
    preflight(origin, methods, asked) {
      const headers = headersFor(origin);
      if (!('Access-Control-Allow-Origin' in headers)) return { ...headers };
      return {
        ...headers,
        'Access-Control-Allow-Methods': methods.join(', '),
        'Access-Control-Allow-Headers': asked && isListOfTokens.test(asked) ? `${usual}, ${asked}` : usual,
        'Access-Control-Max-Age': '86400',
      };
    },
  };
}
