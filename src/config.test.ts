import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configurationPage, envExample } from '../scripts/configuration-docs.ts';
import { parseConfig, readConfig } from './config.ts';

const root = join(import.meta.dirname, '..');

test('an empty environment is a configuration', () => {
  expect(parseConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 8000,
    mode: 'multi',
    registration: 'open',
    maxUploadBytes: 20 * 2 ** 20,
    trashDays: 30,
    quota: { bytes: null, photos: null },
    auditDays: 365,
    smtp: undefined,
  });
});

test.each([
  [{ PORT: '80a' }, 'PORT: "80a" must be a whole number from 0 to 65535.'],
  [{ PORT: '70000' }, 'PORT: "70000" must be'],
  [{ TINTYPE_MODE: 'solo' }, 'TINTYPE_MODE: "solo" must be one of multi, single.'],
  [{ TINTYPE_MODE: 'single', HOST: '0.0.0.0' }, 'TINTYPE_MODE: "single" has no sign-in, so HOST must be a loopback'],
  [{ MAX_UPLOAD_SIZE: 'big' }, 'MAX_UPLOAD_SIZE: "big" must be a size'],
  [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL: its value must be a URL such as postgres://'],
  [{ APP_DATABASE_URL: 'postgres://a@b/c' }, 'APP_DATABASE_URL goes with DATABASE_URL'],
  [{ TINTYPE_ADMIN_USERNAME: 'ines' }, 'go together'],
  [{ SMTP_HOST: 'mail.example.org' }, 'SMTP_FROM must be set'],
  [{ RUNPOD_INVOKEAI_EMAIL: 'ines@example.org' }, 'go together'],
  [{ RUNPOD_VOLUME_SIZE: '5' }, 'RUNPOD_VOLUME_SIZE: "5" must be a whole number from 10'],
  [{ RUNPOD_VOLUME_PATH: 'invokeai' }, 'RUNPOD_VOLUME_PATH: "invokeai" must be a folder'],
  [{ RUNPOD_NETWORK_VOLUME: 'my volume' }, 'RUNPOD_NETWORK_VOLUME: "my volume" must be the id'],
  [{ RUNPOD_POD_URL: 'https://pods.example.org' }, 'must be a URL with {pod} in it'],
  [{ TINTYPE_PUBLIC_URL: 'photos' }, 'TINTYPE_PUBLIC_URL: "photos" must be a URL'],
  [{ TINTYPE_TRUSTED_PROXIES: 'nginx' }, 'TINTYPE_TRUSTED_PROXIES: "nginx" must be addresses'],
  [{ TINTYPE_QUOTA_BYTES: 'all' }, 'TINTYPE_QUOTA_BYTES: "all" must be a size'],
  [{ TINTYPE_QUOTA_PHOTOS: '-1' }, 'TINTYPE_QUOTA_PHOTOS: "-1" must be a whole number'],
  [{ TINTYPE_AUDIT_DAYS: '1' }, 'TINTYPE_AUDIT_DAYS: "1" must be a whole number from 7'],
  [
    { S3_PUBLIC_URL: 'http://pictures.example.org' },
    'S3_PUBLIC_URL: "http://pictures.example.org" must be a URL such as https://pictures.example.org.',
  ],
  [{ S3_PUBLIC_URL: 'https://a.example/?b' }, 'S3_PUBLIC_URL: "https://a.example/?b" must be a URL'],
  [{ S3_ENDPOINT: 's3.example' }, 'S3_ENDPOINT: "s3.example" must be a URL such as https://s3.example.org.'],
  [{ S3_ENDPOINT: 'https://s3.example/?b' }, 'S3_ENDPOINT: "https://s3.example/?b" must be a URL'],
  [{ R2_PUBLIC_DOMAIN: 'a.example/b' }, 'R2_PUBLIC_DOMAIN: "a.example/b" must be a domain such as'],
  [{ R2_PUBLIC_DOMAIN: 'a b' }, 'R2_PUBLIC_DOMAIN: "a b" must be a domain such as'],
  [{ TINTYPE_LEGACY: 'pinit,django' }, 'TINTYPE_LEGACY: "pinit,django" must be none, or some of style-ai, ai-library'],
  [{ TINTYPE_LEGACY: 'none,pinit' }, 'TINTYPE_LEGACY: "none,pinit" must be none, or'],
  [{ TINTYPE_CORS_ORIGINS: 'app.example' }, 'TINTYPE_CORS_ORIGINS: "app.example" must be *, or origins such as'],
  [{ TINTYPE_CORS_ORIGINS: 'https://a.example/b' }, 'must be *, or origins such as https://app.example.org.'],
  [{ TINTYPE_CORS_ORIGINS: '*,https://a.example' }, 'must be *, or origins such as https://app.example.org.'],
  [{ TINTYPE_METRICS_TOKEN: 'short' }, 'TINTYPE_METRICS_TOKEN: its value must be at least 16'],
])('refuses %j with a sentence', (environment, sentence) => {
  expect(() => parseConfig(environment)).toThrow(sentence);
});

test('a refusal never repeats a secret', () => {
  expect(() => parseConfig({ DATABASE_URL: 'hunter2' })).not.toThrow('hunter2');
});

test('sizes take units', () => {
  expect(parseConfig({ MAX_UPLOAD_SIZE: '1.5 GiB' }).maxUploadBytes).toBe(1.5 * 2 ** 30);
  expect(parseConfig({ MAX_UPLOAD_SIZE: '20971520' }).maxUploadBytes).toBe(20971520);
});

test.each([
  ['https://x.supabase.co/storage/v1/s3', 'https://x.supabase.co/storage/v1/s3'],
  ['https://x.supabase.co/storage/v1/s3/', 'https://x.supabase.co/storage/v1/s3'],
  ['http://MINIO:9000/', 'http://minio:9000'],
])('the S3 server %s keeps its path', (S3_ENDPOINT, endpoint) => {
  const bucket = { S3_BUCKET: 'photos', S3_ACCESS_KEY_ID: 'k', S3_SECRET_ACCESS_KEY: 's' };
  expect(parseConfig({ TINTYPE_STORAGE: 's3', S3_ENDPOINT, ...bucket }).storage.s3?.endpoint).toBe(endpoint);
});

test('the environment wins over .env, and an empty value counts as absent', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tintype-env-')), '.env');
  writeFileSync(file, 'PORT=9000\nHOST=127.0.0.2\nTINTYPE_MODE=\n');
  expect(readConfig({ PORT: '9001' }, file)).toMatchObject({ port: 9001, host: '127.0.0.2', mode: 'multi' });
});

test('a rented machine keeps a disk of its own, unless a network volume is named', () => {
  const { runpod } = parseConfig({ RUNPOD_API_KEY: 'x' }).studio;
  expect(runpod).toMatchObject({ volume: { path: '/invokeai', size: 80, networkId: undefined }, podUrl: undefined });
  const other = {
    RUNPOD_API_KEY: 'x',
    RUNPOD_NETWORK_VOLUME: 'vol_7',
    RUNPOD_POD_URL: 'https://{pod}.pods.example.org',
  };
  expect(parseConfig(other).studio.runpod).toMatchObject({
    volume: { networkId: 'vol_7' },
    podUrl: 'https://{pod}.pods.example.org',
  });
});

test('earlier systems are all served, or those that are named, and none without a sign-in', () => {
  const all = ['style-ai', 'ai-library', 'org-images', 'pinit'];
  expect(parseConfig({}).legacy).toEqual({ systems: all, corsOrigins: '*' });
  const some = {
    TINTYPE_LEGACY: 'pinit, style-ai',
    TINTYPE_CORS_ORIGINS: 'https://App.example, capacitor://localhost',
  };
  expect(parseConfig(some).legacy).toEqual({
    systems: ['pinit', 'style-ai'],
    corsOrigins: ['https://app.example', 'capacitor://localhost'],
  });
  expect(parseConfig({ TINTYPE_LEGACY: 'none' }).legacy.systems).toEqual([]);
  expect(parseConfig({ TINTYPE_MODE: 'single' }).legacy.systems).toEqual([]);
});

test('docs/configuration.md and .env.example are what the table says', () => {
  expect(readFileSync(join(root, 'docs/configuration.md'), 'utf8')).toBe(configurationPage());
  expect(readFileSync(join(root, '.env.example'), 'utf8')).toBe(envExample());
});
