import { expect, test, vi } from 'vitest';
import { deriveKey } from '#features/accounts/index.ts';
import { createSignedUrls } from '#features/photos/index.ts';
import { type Credential, createTestApp, type Person, tinyPhoto } from '../app.ts';
import { createExpiringKey } from '../expiring-key.ts';

const app = await createTestApp();
const [admin, owner, other] = [await app.signUp(), await app.signUp(), await app.signUp()];
const bytes = await tinyPhoto(1);
const photo = await app.upload(owner, bytes);
const second = await app.upload(owner, await tinyPhoto(2));
const foreign = await app.upload(other, await tinyPhoto(3));

const open = async (url: string, as: Person | Credential = null) => (await app.request(as, 'GET', url)).status;
/** The address of the original as it is given out to somebody. */
const urlFor = async (as: Credential): Promise<string> =>
  (await app.request(as, 'GET', `/api/v1/photos/${photo.id}/metadata`)).json().full_url;
const token = (person: Person): Credential => ({ bearer: person.bearer });

test('opens for whoever holds it, whole and in ranges, for a person’s token and for a key', async () => {
  const key = await app.createApiKey(owner, ['photos:read']);
  for (const url of [await urlFor(token(owner)), await urlFor(key)]) {
    expect((await app.request(null, 'GET', url)).body.equals(bytes)).toBe(true);
    expect((await app.request(null, 'HEAD', url)).status).toBe(200);
    expect((await app.request(null, 'GET', url, { headers: { range: 'bytes=0-1' } })).body.length).toBe(2);
    // A signature counts in place of a session: somebody else's browser shows the picture as well.
    expect(await open(url, other)).toBe(200);
    expect(await open(`${url}&width=300`)).toBe(200);
  }
});

test('is not given to browsers, whose cookie does as well', async () => {
  const { full_url: url } = (await app.request(owner, 'GET', `/api/v1/photos/${photo.id}/metadata`)).json();
  expect(url).not.toContain('s=');
  expect(await open(url)).toBe(401);
  expect(await open(url, other)).toBe(404);
});

test('opens nothing else: each part of it is signed', async () => {
  const url = await urlFor(token(owner));
  const { searchParams } = new URL(url, app.url);
  const changed = (name: string, value: string): string => {
    const next = new URL(url, app.url);
    next.searchParams.set(name, value);
    return `${next.pathname}${next.search}`;
  };
  const flipped = (text: string): string => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
  for (const [what, tampered] of Object.entries({
    signature: changed('s', flipped(searchParams.get('s') ?? '')),
    'no signature': changed('s', ''),
    'short signature': changed('s', (searchParams.get('s') ?? '').slice(0, -2)),
    user: changed('u', other.id),
    credential: changed('c', other.id),
    expiry: changed('e', String(Number(searchParams.get('e')) + 86_400)),
    'expiry that is no number': changed('e', 'never'),
    variant: url.replace('/original', '/preview'),
    thumbnail: url.replace(`/photos/${photo.id}/original`, `/photos/thumbnail/${photo.id}`),
    'another own photo': url.replace(photo.id, second.id),
    'a foreign photo': url.replace(photo.id, foreign.id),
  })) {
    expect(await open(tampered), what).toBe(401);
    // A wrong signature is not made good by a session beside it.
    expect(await open(tampered, owner), what).toBe(401);
    expect((await app.request(null, 'HEAD', tampered)).status, what).toBe(401);
  }
});

test('ends with its day', async () => {
  const urls = createSignedUrls({ key: deriveKey(app.database.secret, 'signed URLs') });
  const session = (await app.request(token(owner), 'GET', '/api/v1/sessions'))
    .json()
    .items.find((item: { current: boolean }) => item.current);
  const sign = () =>
    `/api/v1/photos/${photo.id}/original?${urls.sign(photo.id, 'original', { userId: owner.id, credentialId: session.id })}`;
  expect(await open(sign())).toBe(200);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 2 * 86_400_000 });
  const old = sign();
  vi.useRealTimers();
  expect(await open(old)).toBe(401);
});

test('opens nothing foreign, even when it is truly signed', async () => {
  const urls = createSignedUrls({ key: deriveKey(app.database.secret, 'signed URLs') });
  const { id } = await app.createApiKey(owner, ['photos:read']);
  const query = urls.sign(foreign.id, 'original', { userId: owner.id, credentialId: id });
  expect(await open(`/api/v1/photos/${foreign.id}/original?${query}`)).toBe(404);
  const stolen = urls.sign(foreign.id, 'original', { userId: other.id, credentialId: id });
  expect(await open(`/api/v1/photos/${foreign.id}/original?${stolen}`)).toBe(401);
});

test('allows no more than the key it was given to', async () => {
  const writer = await app.createApiKey(owner, ['photos:write']);
  const { full_url: url } = await app.upload(writer, bytes);
  expect(await open(url)).toBe(403);
});

test('ends with the key, with the session and with the account', async () => {
  const key = await app.createApiKey(owner, ['photos:read']);
  const ofKey = await urlFor(key);
  expect(await open(ofKey)).toBe(200);
  await app.request(owner, 'DELETE', `/api/v1/api-keys/${key.id}`);
  expect(await open(ofKey)).toBe(401);

  const session = await app.signIn(owner);
  const ofSession = await urlFor(token(session));
  expect(await open(ofSession)).toBe(200);
  await app.request(token(session), 'POST', '/api/v1/auth/logout');
  expect(await open(ofSession)).toBe(401);

  const ofOwner = await urlFor(token(owner));
  expect(await open(ofOwner)).toBe(200);
  const disable = (disabled: boolean) =>
    app.request(admin, 'PATCH', `/api/v1/users/${owner.id}`, { json: { disabled } });
  await disable(true);
  expect(await open(ofOwner)).toBe(401);
  await disable(false);
  // Disabling ended the sessions, so that enabling does not bring the address back.
  expect(await open(ofOwner)).toBe(401);
});

test('ends with an expiring key, though it was remembered a moment before', async () => {
  const { used: url, ended } = await createExpiringKey(app, await app.signIn(owner), ['photos:read'], async (key) => {
    const signed = await urlFor(key);
    expect(await open(signed)).toBe(200);
    return signed;
  });
  await ended();
  expect(await open(url)).toBe(401);
});
