import { beforeEach, describe, expect, test, vi } from 'vitest';
import { openPinitLibrary } from './import.ts';

describe('where pinit’s bucket is', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'a key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'its secret');
    vi.stubEnv('AWS_REGION', '');
    return () => vi.unstubAllEnvs();
  });
  const open = (names: object) => openPinitLibrary('/nowhere/pinit.db', { bucket: 'pinit-images', ...names });

  test('is not guessed at Amazon', async () => {
    await expect(open({})).rejects.toThrow('name it with --region');
  });

  // What is asked for next is its database.
  test.each([
    ['named', {}, { region: 'eu-central-1' }],
    ['known from the environment', { AWS_REGION: 'eu-central-1' }, {}],
    ['no question elsewhere', {}, { endpoint: 'https://bucket.example' }],
  ])('is %s', async (_, env, names) => {
    for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
    await expect(open(names)).rejects.toThrow('name the SQLite database');
  });
});
