import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { hashSecret, newSecret } from '#features/accounts/index.ts';

const cipher = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

/** 32 random bytes in base64url. Any other text is no key, and is not looked for. */
export const keyPattern = /^[A-Za-z0-9_-]{43}$/;

/** What is kept of a link's key: how it is found, and how its owner can copy it again. */
export interface StoredKey {
  readonly hash: Buffer;
  readonly sealed: Buffer;
}

export interface LinkKeys {
  /** A new key for the link of that id. */
  create(linkId: string): StoredKey & { readonly key: string };
  hash(key: string): Buffer;
  /** @throws Error when it was not sealed for this link by this library */
  unseal(linkId: string, sealed: Buffer): string;
}

/**
 * Keys of links. Found by hash, and sealed beside it by AES-256-GCM; the link's id is authenticated with it, so that a
 * sealed key put into another row opens nothing.
 * @param deps.key 32 bytes that derive from the library's secret
 */
export function createLinkKeys(deps: { readonly key: Buffer }): LinkKeys {
  const seal = (linkId: string, key: string): Buffer => {
    const iv = randomBytes(ivBytes);
    const sealing = createCipheriv(cipher, deps.key, iv).setAAD(Buffer.from(linkId));
    const text = Buffer.concat([sealing.update(key, 'utf8'), sealing.final()]);
    return Buffer.concat([iv, text, sealing.getAuthTag()]);
  };

  return {
    create(linkId) {
      const key = newSecret();
      return { key, hash: hashSecret(key), sealed: seal(linkId, key) };
    },
    hash: hashSecret,
    unseal(linkId, sealed) {
      const iv = sealed.subarray(0, ivBytes);
      const opening = createDecipheriv(cipher, deps.key, iv, { authTagLength: tagBytes })
        .setAAD(Buffer.from(linkId))
        .setAuthTag(sealed.subarray(-tagBytes));
      const text = sealed.subarray(ivBytes, -tagBytes);
      return Buffer.concat([opening.update(text), opening.final()]).toString();
    },
  };
}
