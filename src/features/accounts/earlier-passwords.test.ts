import { describe, expect, test } from 'vitest';
import { decoyOf, isEarlierForm, readEarlierPassword } from './earlier-passwords.ts';

const password = 'blauer Käfer 7';

/** Worked out by hashlib and crypt of Python and by libargon2, as the systems themselves do. */
const hashes: Record<string, [form: string, hash: string]> = {
  'werkzeug, pbkdf2': [
    'pbkdf2:sha256:600000',
    'pbkdf2:sha256:600000$Zt4kQ9$9b7ec77514f6cb24967b8971c99668b086e62e3f6a991801ff1fa052d742766e',
  ],
  'werkzeug of long ago': ['pbkdf2:sha1:1000', 'pbkdf2:sha1:1000$Zt4kQ9$27ef38c7d90c722e2b18dedf5bd89214fe66ad7f'],
  'werkzeug, scrypt': [
    'scrypt:32768:8:1',
    'scrypt:32768:8:1$Zt4kQ9Zt4kQ9$9305412eb11f6b603f5da2208b183cc09827bfd8d007907f51f18b409551c5ad5e58dd295a5fb11482e9736afceda670e1bf79e08dea14474de27d5b7c3234f5',
  ],
  Django: ['pbkdf2_sha256$260000', 'pbkdf2_sha256$260000$Zt4kQ9$X31GNz0Bwi9Omn5KUJlrsQWaM/o4Sar3J1azIUc/VUY='],
  'argon2id with other parameters': [
    '$argon2id$v=19$m=8192,t=3,p=4',
    '$argon2id$v=19$m=8192,t=3,p=4$ABEiM0RVZneImQCqu8zd7g$EOogarc/B3YehnRRKnXSQfq6AbDNZNaUX761tM2hJy0',
  ],
  bcrypt: ['$2b$05', '$2b$05$abcdefghijklmnopqrstuuOva8UF6sdnBk81iuNAlf2wv1Tv6N8ja'],
  'Django, bcrypt': ['bcrypt$$2b$05', 'bcrypt$$2b$05$abcdefghijklmnopqrstuuOva8UF6sdnBk81iuNAlf2wv1Tv6N8ja'],
};

describe.each(Object.keys(hashes))('a hash of %s', (name) => {
  const [form, hash] = hashes[name] as [string, string];

  test('matches its own password alone', async () => {
    const verify = readEarlierPassword(hash);
    expect(await verify?.(password)).toBe(true);
    expect(await verify?.('blauer Käfer 8')).toBe(false);
    expect(await verify?.('')).toBe(false);
  });

  test('has a decoy of its form that costs as much and matches nothing', async () => {
    expect(decoyOf(form).startsWith(form)).toBe(true);
    // As long in digest as what it stands for.
    expect(decoyOf(form).split('$').at(-1)).toHaveLength((hash.split('$').at(-1) as string).length);
    expect(isEarlierForm(form)).toBe(true);
    expect(await readEarlierPassword(decoyOf(form))?.(password)).toBe(false);
  });
});

test('Django puts SHA-256 before bcrypt, so that what is past 72 bytes counts', async () => {
  const { hash } = await import('bcryptjs');
  const { createHash } = await import('node:crypto');
  const long = 'a long walk uphill '.repeat(6);
  const inner = createHash('sha256').update(long).digest('hex');
  const verify = readEarlierPassword(`bcrypt_sha256$${await hash(inner, 4)}`);
  expect(await verify?.(long)).toBe(true);
  expect(await verify?.(`${long.slice(0, -1)}!`)).toBe(false);
});

test.each([
  ['two million rounds and one', `pbkdf2:sha256:2000001$salt$${'00'.repeat(32)}`],
  ['rounds without end', `pbkdf2_sha256$99999999999$salt$${Buffer.alloc(32).toString('base64')}`],
  ['no rounds', `pbkdf2:sha256:0$salt$${'00'.repeat(32)}`],
  ['a digest that is cut short', `pbkdf2:sha256:1000$salt$${'00'.repeat(4)}`],
  ['a digest of another kind', `pbkdf2:md5:1000$salt$${'00'.repeat(16)}`],
  ['a gigabyte', `scrypt:1048576:8:1$salt$${'00'.repeat(64)}`],
  ['many lanes', `scrypt:32768:8:16$salt$${'00'.repeat(64)}`],
  ['no power of two', `scrypt:1000:8:1$salt$${'00'.repeat(64)}`],
  ['four gigabytes', `$argon2id$v=19$m=4194304,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`],
  ['64 MiB, again and again', `$argon2id$v=19$m=65536,t=16,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`],
  ['less memory than its lanes need', `$argon2id$v=19$m=8,t=2,p=4$${'A'.repeat(22)}$${'A'.repeat(43)}`],
  ['no pass at all', `$argon2id$v=19$m=19456,t=0,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`],
  ['a salt too short for argon2', `$argon2id$v=19$m=19456,t=2,p=1$AAAA$${'A'.repeat(43)}`],
  ['argon2id in name alone', '$argon2id$rubbish'],
  ['an hour of bcrypt', `$2b$31$${'a'.repeat(53)}`],
  ['no password at all, as Django writes it', '!Zt4kQ9Zt4kQ9Zt4kQ9'],
  ['a password in plain text', 'password'],
  ['nothing', ''],
])('is none that asks for %s', (_, hash) => {
  expect(readEarlierPassword(hash)).toBeNull();
});
