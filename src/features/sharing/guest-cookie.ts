import type { MiddlewareHandler } from 'hono';

/** The cookie of a guest's visit: HttpOnly, of the link's own path, Secure on https. */
export const guestCookie = 'tintype_guest';

/** What every answer to a guest carries: its key is in the address, which must not wander from there. */
export const guestHeaders = { 'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex' } as const;

/** Puts {@link guestHeaders} on whatever is answered, refusals included. */
export const keepAddressSecret: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(guestHeaders)) c.res.headers.set(name, value);
};

/**
 * A password out of `X-Share-Password`. Node gives a header's bytes as Latin-1; clients send UTF-8 (curl) or Latin-1 (browsers).
 */
export function readPasswordHeader(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? value : text;
}
