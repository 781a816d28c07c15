import { argon2, createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { compareBcrypt } from './compare-bcrypt.ts';

const deriveByArgon2 = promisify(argon2);
const deriveByPbkdf2 = promisify(pbkdf2);
const deriveByScrypt = promisify(scrypt) as (
  password: string,
  salt: string,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>;

/** Whether a password is the one of an earlier system's hash. */
export type VerifyEarlier = (password: string) => Promise<boolean>;

// Whoever brings a library along brings these numbers too: they bound what one try to sign in may cost. Well above what
// Django 6 (1.2 million rounds), werkzeug 3 (a million; 2^15, 8, 1) and bcrypt (12) are set to.
const mostRounds = 2_000_000;
const mostMemory = 64 * 1024 ** 2;
const mostWork = 2 ** 21;
/** KiB that argon2 goes over, all passes together; argon2-cffi goes three times over 64 MiB. */
const mostPassed = 4 * 65_536;
const mostPasses = 16;
const mostLanes = 16;
const bcryptCosts = /^(?:0[4-9]|1[0-4])$/;

const digests: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/**
 * How to verify a hash as werkzeug (`pbkdf2:sha256:N$salt$hex`, `scrypt:N:r:p$salt$hex`), Django
 * (`pbkdf2_sha256$N$salt$base64`, `bcrypt$…`, `bcrypt_sha256$…`), bcrypt (`$2b$…`) or argon2id (`$argon2id$v=19$…`) write it.
 * @returns null for any other form, and for one whose numbers ask for more than a sign-in may cost
 */
export function readEarlierPassword(stored: string): VerifyEarlier | null {
  if (stored.length > 512) return null;
  return readArgon2(stored) ?? readBcrypt(stored) ?? readPbkdf2(stored) ?? readScrypt(stored);
}

/** The part of an earlier hash that says what verifying costs; what `password_forms` in the database groups by. */
export const isEarlierForm = (form: string): boolean => readEarlierPassword(decoyOf(form)) !== null;

/** A hash of that form which no password matches. */
export function decoyOf(form: string): string {
  const salt = randomBytes(8).toString('hex');
  if (form.startsWith('$argon2id$')) return `${form}$${toBase64(randomBytes(16))}$${toBase64(randomBytes(32))}`;
  if (form.startsWith('pbkdf2_')) {
    const length = digests[/^pbkdf2_(\w+)/.exec(form)?.[1] ?? ''] ?? 32;
    return `${form}$${salt}$${randomBytes(length).toString('base64')}`;
  }
  if (form.includes('$2')) return `${form}$${randomBytes(27).toString('hex').slice(0, 53)}`;
  const length = form.startsWith('scrypt') ? 64 : (digests[form.split(':')[1] ?? ''] ?? 32);
  return `${form}$${salt}$${randomBytes(length).toString('hex')}`;
}

/** As PHC strings have it. */
export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

function readArgon2(stored: string): VerifyEarlier | null {
  const form =
    /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;
  const [, ...parts] = form.exec(stored) ?? [];
  if (parts.length === 0) return null;
  const [memory, passes, parallelism] = parts.slice(0, 3).map(Number) as [number, number, number];
  const [nonce, tag] = parts.slice(3).map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer];
  if (passes < 1 || passes > mostPasses || parallelism < 1 || parallelism > mostLanes) return null;
  if (memory < 8 * parallelism || memory * 1024 > mostMemory || memory * passes > mostPassed) return null;
  const settings = { memory, passes, parallelism, tagLength: tag.length, nonce };
  return async (password) =>
    timingSafeEqual(
      Buffer.from(await deriveByArgon2('argon2id', { ...settings, message: password.normalize('NFC') })),
      tag,
    );
}

function readPbkdf2(stored: string): VerifyEarlier | null {
  const werkzeug = /^pbkdf2:(sha1|sha256|sha512):([1-9]\d{0,6})\$([^$]{1,128})\$([0-9a-f]+)$/.exec(stored);
  const match = werkzeug ?? /^pbkdf2_(sha1|sha256)\$([1-9]\d{0,6})\$([^$]{1,128})\$([A-Za-z0-9+/=]+)$/.exec(stored);
  if (!match) return null;
  const [, digest, rounds, salt, text] = match as unknown as [string, string, string, string, string];
  const expected = Buffer.from(text, werkzeug ? 'hex' : 'base64');
  if (Number(rounds) > mostRounds || expected.length !== digests[digest]) return null;
  return async (password) =>
    timingSafeEqual(await deriveByPbkdf2(password, salt, Number(rounds), expected.length, digest), expected);
}

function readScrypt(stored: string): VerifyEarlier | null {
  const match = /^scrypt:(\d{1,7}):(\d{1,3}):(\d{1,2})\$([^$]{1,128})\$([0-9a-f]{128})$/.exec(stored);
  if (!match) return null;
  const [N, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (N < 2 || !Number.isInteger(Math.log2(N)) || r < 1 || p < 1) return null;
  if (128 * N * r > mostMemory || N * r * p > mostWork) return null;
  const expected = Buffer.from(match[5] as string, 'hex');
  const options = { N, r, p, maxmem: 2 * mostMemory };
  return async (password) =>
    timingSafeEqual(await deriveByScrypt(password, match[4] as string, expected.length, options), expected);
}

function readBcrypt(stored: string): VerifyEarlier | null {
  const match = /^(bcrypt\$|bcrypt_sha256\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53})$/.exec(stored);
  if (!match || !bcryptCosts.test(match[3] as string)) return null;
  const hash = match[2] as string;
  // Django hashes first, so that bcrypt's 72 bytes are enough for any password.
  if (match[1] !== 'bcrypt_sha256$') return (password) => compareBcrypt(password, hash);
  return (password) => compareBcrypt(createHash('sha256').update(password).digest('hex'), hash);
}
