/**
 * By what programs made for Gravatar or Libravatar ask for the picture of an e-mail address: its sha256, in hex.
 * @returns null where the browser does not count it: outside of https and this machine
 */
export async function avatarHash(email: string): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(email.trim().toLowerCase()));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
