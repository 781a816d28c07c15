import { createHmac, timingSafeEqual } from 'node:crypto';
import type { UserCaller } from '#platform/http/caller.ts';
import type { Variant } from './contract.ts';

/** To whom a signed URL was given; whoever opens it acts as that user, as long as that credential is good. */
export interface Grant {
  readonly userId: string;
  readonly credentialId: string;
}

export interface SignedUrls {
  /** The query that opens one variant of one photo, without `?`. Stable for a day, good for one to two. */
  sign(photoId: string, variant: Variant, grant: Grant): string;
  /** @returns the grant, or null when the signature is not ours, is for something else, or has expired */
  verify(photoId: string, variant: Variant, query: URLSearchParams): Grant | null;
}

const daySeconds = 86_400;

/** HMAC-SHA-256 over photo, variant, user, credential and expiry, with a key of the library's own. */
export function createSignedUrls(deps: { key: Buffer }): SignedUrls {
  const mac = (parts: readonly string[]): Buffer => createHmac('sha256', deps.key).update(parts.join('\n')).digest();

  return {
    sign(photoId, variant, { userId, credentialId }) {
      const expires = String((Math.ceil(Date.now() / 1000 / daySeconds) + 1) * daySeconds);
      const signature = mac([photoId, variant, userId, credentialId, expires]).toString('base64url');
      return `u=${userId}&c=${credentialId}&e=${expires}&s=${signature}`;
    },
    verify(photoId, variant, query) {
      const [userId, credentialId, expires, signature] = ['u', 'c', 'e', 's'].map((name) => query.get(name) ?? '');
      const given = Buffer.from(signature as string, 'base64url');
      const expected = mac([photoId, variant, userId as string, credentialId as string, expires as string]);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      if (Number(expires) * 1000 <= Date.now()) return null;
      return { userId: userId as string, credentialId: credentialId as string };
    },
  };
}

/** A browser that shows a cookie needs no signature in its URLs; other clients put these into `<img>` tags. */
export const needsSignature = (caller: UserCaller): boolean => caller.via === 'token' || caller.via === 'api_key';
