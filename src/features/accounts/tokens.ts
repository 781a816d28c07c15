import { createHash, createHmac, randomBytes } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';

/** 256 random bits, as they go into a cookie, a link or a bearer token. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** What is kept of a secret. The secret has 256 bits of its own, so a plain hash cannot be guessed back. */
export const hashSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** API keys can be told from other tokens, by people and by scanners for leaked secrets. */
export const apiKeyPrefix = 'tintype_';

/** A key for one purpose, derived from the secret that the servers of a library share. */
export const deriveKey = (secret: Buffer, purpose: string): Buffer =>
  createHmac('sha256', secret).update(purpose).digest();

export interface BearerTokens {
  /** A JWT that carries the session's secret; the session is looked up by it on each request. */
  issue(session: { secret: string; userId: string; expiresAt: Date }): Promise<string>;
  /** @returns the session's secret, or null when the token is not ours, was changed, or has expired */
  read(token: string): Promise<{ secret: string; expiresAt: Date } | null>;
  /** What a token is to look at: one of ours, one of ours that is past its time, or neither. */
  judge(token: string): Promise<'ours' | 'expired' | 'garbled'>;
}

export function createBearerTokens(deps: { secret: Buffer }): BearerTokens {
  const key = deriveKey(deps.secret, 'bearer tokens');
  return {
    issue: ({ secret, userId, expiresAt }) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(userId)
        .setJti(secret)
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(key),
    async read(token) {
      try {
        const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] });
        if (!payload.jti || !payload.exp) return null;
        return { secret: payload.jti, expiresAt: new Date(payload.exp * 1000) };
      } catch {
        return null;
      }
    },
    judge: (token) =>
      jwtVerify(token, key, { algorithms: ['HS256'] }).then(
        () => 'ours' as const,
        // Its signature is looked at first: an expired one is ours.
        (error) => (error instanceof errors.JWTExpired ? 'expired' : 'garbled'),
      ),
  };
}
