import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { AppError } from '#platform/http/app-error.ts';
import { decoyOf, readEarlierPassword, toBase64 } from './earlier-passwords.ts';

const derive = promisify(argon2);

// OWASP's password storage cheat sheet: argon2id, 19 MiB, two passes, one lane.
const parameters = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };

const own = `$argon2id$v=19$m=${parameters.memory},t=${parameters.passes},p=${parameters.parallelism}$`;

// Each hash takes 19 MiB and a thread for tens of milliseconds: two at a time, and a queue that cannot grow for ever.
const atOnce = 2;
const mayWait = 64;

export interface Passwords {
  /** A PHC string (`$argon2id$v=19$…`) of a new password. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password is the one of `hash`; takes as long when there is none, so that absence cannot be timed.
   * @param form the one of an earlier system whose time is taken where there is no hash
   */
  verify(password: string, hash: string | null, form?: string): Promise<boolean>;
  /** Whether a hash was made otherwise than {@link Passwords.hash} makes it now, and wants to be replaced. */
  isEarlier(hash: string): boolean;
  /**
   * @throws AppError `validation_error` when it is too short, too long, or among the common ones
   */
  requireStrong(password: string, about: { username?: string; email?: string | null }): Promise<void>;
}

/** Makes the password functions of one server; the cap on concurrency is shared by all that use them. */
export function createPasswords(): Passwords {
  const queue: (() => void)[] = [];
  let running = 0;
  let common: Promise<ReadonlySet<string>> | undefined;
  let decoy: Promise<string> | undefined;

  const capped = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (running >= atOnce) {
      if (queue.length >= mayWait) {
        throw new AppError('rate_limited', 'Too many people sign in at this moment. Try again in a few seconds.', {
          retry_after: 5,
        });
      }
      await new Promise<void>((resolve) => queue.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      // The place is handed to the next in line, or given back.
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  };

  const hash = (password: string): Promise<string> =>
    capped(async () => {
      const nonce = randomBytes(16);
      const tag = await derive('argon2id', { ...parameters, message: password.normalize('NFC'), nonce });
      return `${own}${toBase64(nonce)}$${toBase64(tag)}`;
    });

  return {
    hash,
    isEarlier: (stored) => !stored.startsWith(own),
    async verify(password, stored, form = '') {
      decoy ??= hash(randomBytes(16).toString('hex')).catch((error) => {
        // There were too many at that moment: another one is made for the next.
        decoy = undefined;
        throw error;
      });
      decoy.catch(() => {});
      const stands = (text: string) => (text ? readEarlierPassword(text) : null);
      const known = stands(stored ?? (form && decoyOf(form)));
      // A hash that nobody can read is nobody's password, and takes as long to say so.
      const verifyEarlier = known ?? stands(await decoy);
      if (!verifyEarlier) throw new Error('What this library hashes itself cannot be verified.');
      return (await capped(() => verifyEarlier(password))) && stored !== null && known !== null;
    },
    async requireStrong(password, about) {
      const length = [...password].length;
      if (length < 8) throw weak('A password needs at least 8 characters.');
      if (length > 256) throw weak('A password can be 256 characters at the most.');
      common ??= loadCommon();
      const lower = password.toLowerCase();
      if ((await common).has(lower)) throw weak('This password is among the most common ones. Choose another.');
      const own = [about.username, about.email, about.email?.split('@')[0]].map((word) => word?.toLowerCase());
      if (own.includes(lower)) throw weak('A password must not be your name or e-mail. Choose another.');
    },
  };
}

const weak = (message: string): AppError => new AppError('validation_error', message, { field: 'password' });

async function loadCommon(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const words = Object.values(dictionary as Record<string, readonly (string | number)[]>).flat();
  return new Set(words.map(String).filter((word) => word.length >= 8));
}
