import { createHmac, timingSafeEqual } from 'node:crypto';

/** The link a session is for, as it is now. */
export interface SessionLink {
  readonly id: string;
  readonly password_version: number;
  readonly expires_at: Date | null;
}

export interface GuestSession {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface GuestSessions {
  /** Opens a session that ends within a day, and never after its link. */
  issue(link: SessionLink): GuestSession;
  /** @returns when it ends; null when it is not ours, is another link's, came before the password it has now, or has ended */
  verify(link: SessionLink, token: string): Date | null;
}

const longestSeconds = 24 * 3600;
const shape = /^(\d{10,12})\.([A-Za-z0-9_-]{43})$/;

/**
 * Sessions of guests, which no server stores: the moment they end and an HMAC-SHA-256 of it with the link and the version of
 * its password, so that a new password ends them all. Whether the link is still open is asked each time, apart from this.
 * @param deps.key 32 bytes that derive from the library's secret
 */
export function createGuestSessions(deps: { readonly key: Buffer }): GuestSessions {
  const mac = (link: SessionLink, expires: string): Buffer =>
    createHmac('sha256', deps.key).update(`${link.id}\n${link.password_version}\n${expires}`).digest();

  return {
    issue(link) {
      const latest = Math.floor(Date.now() / 1000) + longestSeconds;
      const seconds = Math.min(latest, Math.floor((link.expires_at?.getTime() ?? Number.POSITIVE_INFINITY) / 1000));
      const expires = String(seconds).padStart(10, '0');
      return {
        token: `${expires}.${mac(link, expires).toString('base64url')}`,
        expiresAt: new Date(seconds * 1000),
      };
    },
    verify(link, token) {
      const [, expires, given] = shape.exec(token) ?? [];
      if (!expires || !given) return null;
      if (!timingSafeEqual(Buffer.from(given, 'base64url'), mac(link, expires))) return null;
      const expiresAt = new Date(Number(expires) * 1000);
      return expiresAt.getTime() > Date.now() ? expiresAt : null;
    },
  };
}
