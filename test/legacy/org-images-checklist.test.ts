import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createTestApp, tinyPhoto } from '../app.ts';
import { fileOf, formOf, signInByForm } from './old-client.ts';

// What the system’s own guide has one verify after a deployment, and what it calls a success, line by line.
const app = await createTestApp();
const person = await app.signUp();
const { id } = (await app.request(person, 'POST', '/api/v1/organizations', { json: { name: 'Paper mill' } })).json();
const call = await signInByForm(app, person);

/** A plain `<img>`: no token, no cookie. */
const img = (url: string, headers: Record<string, string> = {}) => app.request(null, 'GET', url, { headers });
const me = async () => (await call('GET', '/users/me/')).json();
const organization = async () => (await call('GET', `/organizations/${id}`)).json();
const setPhoto = async (seed: number) =>
  (await call('POST', '/uploads/users/profile-photo', await fileOf(seed))).json().url as string;
const setLogo = async (seed: number) =>
  (await call('POST', `/uploads/organizations/${id}/logo`, await fileOf(seed))).json().url as string;
const bytesOf = (dataUrl: string) => Buffer.from(dataUrl.split(',')[1] ?? '', 'base64');

describe('verify deployment', () => {
  test('the API responds: HEAD /api/health', async () => {
    expect((await app.request(null, 'HEAD', '/api/health')).status).toBe(200);
    expect((await app.request(null, 'GET', '/health')).json()).toMatchObject({
      status: 'healthy',
      database: 'connected',
      redis: 'connected',
    });
  });
  test('HEAD /images/users/test/profile answers 404', async () => {
    expect((await app.request(null, 'HEAD', '/images/users/test/profile')).status).toBe(404);
    expect((await img('/images/users/test/profile')).json()).toEqual({ detail: 'User not found' });
  });
  test('log in', async () => expect((await signInByForm(app, person)).token).toMatch(/^\S{20,}$/));
  test('upload a profile photo, and it appears immediately in the header', async () => {
    const answered = await setPhoto(1);
    expect((await img((await me()).profile_photo_url)).body.equals(bytesOf(answered))).toBe(true);
  });
  test('upload a logo, and it appears on the organization’s card and in the header', async () => {
    const answered = await setLogo(2);
    const [card] = (await call('GET', '/organizations/')).json();
    expect((await img(card.logo_url)).body.equals(bytesOf(answered))).toBe(true);
    expect((await me()).organization.logo_url).toBe(card.logo_url);
  });
});

describe('key changes', () => {
  test('the pictures are WebP of 500 KB at the most, 1024 pixels long', async () => {
    const noise = await sharp({
      create: {
        width: 1500,
        height: 1500,
        channels: 3,
        background: 'grey',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    })
      .png()
      .toBuffer();
    const { url } = (
      await call('POST', '/uploads/users/profile-photo', await formOf({ file: [noise, 'n.png'] }))
    ).json();
    const bytes = bytesOf(url);
    expect(bytes.length).toBeLessThanOrEqual(500 * 1024);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'webp', width: 1024, height: 1024 });
  });
  test('an animation gives its first frame', async () => {
    const gif = await sharp([await tinyPhoto(8), await tinyPhoto(9)], { join: { animated: true } })
      .gif()
      .toBuffer();
    const { url } = (await call('POST', '/uploads/users/profile-photo', await formOf({ file: [gif, 'a.gif'] }))).json();
    expect((await sharp(bytesOf(url), { pages: -1 }).metadata()).pages ?? 1).toBe(1);
  });
});

describe('success criteria', () => {
  test('users can upload profile photos', async () => expect(await setPhoto(10)).toMatch(/^data:image\/webp;base64,/));
  test('photos appear immediately in the header', async () => {
    const answered = await setPhoto(11);
    expect((await img((await me()).profile_photo_url)).body.equals(bytesOf(answered))).toBe(true);
  });
  test('organizations can upload logos', async () => expect(await setLogo(12)).toMatch(/^data:image\/webp;base64,/));
  test('logos appear on organization cards', async () => {
    const answered = await setLogo(13);
    expect((await img((await organization()).logo_url)).body.equals(bytesOf(answered))).toBe(true);
  });
  test('images update immediately when changed', async () => {
    await setPhoto(14);
    const before = (await me()).profile_photo_url;
    const answered = await setPhoto(15);
    const after = (await me()).profile_photo_url;
    expect(after).toMatch(/\?v=/);
    expect(after).not.toBe(before);
    for (const url of [after, before]) expect((await img(url)).body.equals(bytesOf(answered)), url).toBe(true);
    // Whoever keeps the former address does not keep the new picture under it for ever.
    expect((await img(before)).headers['cache-control']).not.toContain('immutable');
  });
  test('no 401 or 403 on image requests', async () => {
    await setPhoto(16);
    const url = (await me()).profile_photo_url;
    for (const headers of [
      {},
      { authorization: 'Bearer ended' },
      { cookie: 'tintype_session=ended' },
      { origin: 'https://parts.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' },
    ] as Record<string, string>[]) {
      expect((await img(url, headers)).status).toBe(200);
    }
  });
  test('no performance degradation: a browser that has the picture asks for nothing, or is told that it has it', async () => {
    await setPhoto(17);
    const first = await img((await me()).profile_photo_url);
    expect(first.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const again = await img((await me()).profile_photo_url, { 'if-none-match': String(first.headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    // Answers hold addresses; the pictures themselves are not in them.
    for (const answer of [await call('GET', '/users/me/'), await call('GET', '/organizations/')]) {
      expect(answer.text).not.toContain('data:');
    }
  });
});

describe('troubleshooting', () => {
  test('a picture that no quality makes small enough is refused in the words that clients show', async () => {
    const noise = await sharp(randomBytes(1024 * 1024 * 4), { raw: { width: 1024, height: 1024, channels: 4 } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const answer = await call('POST', '/uploads/users/profile-photo', await formOf({ file: [noise, 'noise.png'] }));
    expect(answer.status).toBe(400);
    expect(answer.json().detail).toMatch(
      /^Image too large even after compression\. Size: \d{3,4}\.\dKB, Max: 500KB\. Please use a smaller image\.$/,
    );
  });
  test('a file of more than 5 MB, which only its own client refused, is made smaller', async () => {
    const large = await sharp(await tinyPhoto(21))
      .resize(1500, 1200)
      .png({ compressionLevel: 0 })
      .toBuffer();
    expect(large.length).toBeGreaterThan(5 * 1024 * 1024);
    const answer = await call('POST', '/uploads/users/profile-photo', await formOf({ file: [large, 'large.png'] }));
    expect(answer.status, answer.text).toBe(200);
    expect(Buffer.from(answer.json().url.split(',')[1], 'base64').length).toBeLessThanOrEqual(500 * 1024);
  });
  test('an upload that cannot be taken is refused, and not answered 500', async () => {
    for (const options of [
      await formOf({ file: [Buffer.from('GIF89a'), 'a.gif'] }),
      await formOf({ file: [Buffer.alloc(0), 'a.png'] }),
      { body: 'no form', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
      { body: 'no form', headers: { 'content-type': 'multipart/form-data' } },
    ]) {
      const answer = await call('POST', '/uploads/users/profile-photo', options);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.json().detail).toBeDefined();
    }
  });
});
