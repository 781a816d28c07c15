import { describe, expect, test } from 'vitest';
import { whenSignedOut } from '#lib/api.ts';
import { addressIn } from './send-picture.ts';

const path = '/me/pictures/profile';

describe('addressIn', () => {
  test('is the public address of what was saved', async () => {
    expect(await addressIn(path, 200, '{"url":"/images/users/a/profile?v=1"}')).toBe('/images/users/a/profile?v=1');
  });

  test('a success that cannot be read is none', async () => {
    for (const text of ['<!doctype html>', '', '{', '{}', '{"url":null}', 'null'])
      await expect(addressIn(path, 200, text)).rejects.toThrow('The server gave an answer that cannot be read.');
    await expect(addressIn(path, 204, '')).rejects.toMatchObject({ status: 204, code: 'unreadable' });
  });

  test('the server says why not; an ended session leads to sign-in', async () => {
    let ended = 0;
    whenSignedOut(() => (ended += 1));
    const refused = (code: string) => JSON.stringify({ error: { code, message: 'Why not.' } });
    await expect(addressIn(path, 415, refused('unsupported_format'))).rejects.toThrow('Why not.');
    expect(ended).toBe(0);
    await expect(addressIn(path, 401, refused('unauthorized'))).rejects.toThrow('Why not.');
    expect(ended).toBe(1);
  });
});
