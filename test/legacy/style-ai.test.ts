import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createBearerTokens, newSecret } from '#features/accounts/index.ts';
import { createTestApp, tinyPhoto } from '../app.ts';
import { openStyleAiApp, type StyleAiImage, toDataUrl } from './style-ai-client.ts';

const app = await createTestApp();
const ines = { username: 'ines', email: 'ines@people.example', password: 'walks uphill at noon' };
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const naiveTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/;
const user = {
  id: expect.stringMatching(uuid),
  username: 'ines',
  email: 'ines@people.example',
  created_at: expect.stringMatching(naiveTime),
  is_active: true,
  is_premium: false,
  image_credits: expect.any(Number),
  free_trial_used: false,
};

describe('the app, from the first start to the gallery', () => {
  const page = openStyleAiApp(app);

  test('signs up, and is signed in by that', async () => {
    const answer = await page.register(ines);
    expect(answer.status).toBe(201);
    expect(answer.json()).toEqual({
      message: 'User registered successfully',
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      user,
    });
  });

  test('holds a token of seven days that says whose it is', () => {
    const [, payload] = page.token.split('.');
    const claims = JSON.parse(Buffer.from(payload as string, 'base64url').toString());
    expect(claims.sub).toMatch(uuid);
    expect(claims.exp - claims.iat).toBe(7 * 86_400);
  });

  test('asks at each start who it is, and what is left', async () => {
    expect((await page.call('GET', '/auth/me')).json()).toEqual({ user });
    const usage = await page.call('GET', '/auth/usage-info');
    expect(usage.status).toBe(200);
    expect(usage.json()).toEqual({
      tier: 'user',
      images_used: 0,
      images_limit: 0,
      model: expect.any(String),
      unlimited: true,
      remaining: expect.any(Number),
      image_credits: expect.any(Number),
      free_trial_used: false,
    });
    expect(usage.json().remaining).toBeGreaterThan(0);
  });

  test('finds an empty gallery', async () => {
    expect((await page.call('GET', '/images')).json()).toEqual({ images: [] });
  });

  test('sends what the camera took as a data URL, and shows what came of it', async () => {
    const bytes = await tinyPhoto(1, { width: 96, height: 72 });
    const answer = await page.upload(bytes);
    expect(answer.status).toBe(200);
    const made = answer.json();
    expect(made).toEqual({
      id: expect.stringMatching(uuid),
      filename: `generated_${made.id}.jpg`,
      original_filename: expect.stringMatching(/^[0-9a-f-]{36}\.jpg$/),
      style: 'cinematic',
      timestamp: expect.stringMatching(naiveTime),
      url: expect.stringMatching(new RegExp(`^/uploads/generated_${made.id}\\.jpg\\?`)),
      download_url: expect.stringMatching(new RegExp(`^/download-image/generated_${made.id}\\.jpg\\?`)),
      user_tier: 'default',
      ai_model: expect.any(String),
    });
    // The client makes the picture's id part of names that it takes apart at the underscore.
    expect(made.id).not.toContain('_');
    const shown = await page.image(made.url);
    expect(shown.status).toBe(200);
    expect(shown.headers['content-type']).toBe('image/jpeg');
    expect(await sharp(shown.body).metadata()).toMatchObject({ width: 96, height: 72 });
    expect(shown.body.equals(bytes)).toBe(false);
    expect((await page.call('GET', '/auth/usage-info')).json().images_used).toBe(1);
  });

  test('both are photos of the person: what was sent byte for byte, and what was made of it beside', async () => {
    const { items } = (await app.request({ bearer: page.token }, 'GET', '/api/v1/photos')).json();
    expect(items.map((photo: { kind: string }) => photo.kind).toSorted()).toEqual(['styled', 'uploaded']);
    const [image] = await page.images();
    const original = await page.call('GET', `/uploads/${image?.original_filename}`);
    expect(original.body.equals(await tinyPhoto(1, { width: 96, height: 72 }))).toBe(true);
  });

  test('asks for the gallery every five seconds: newest first, at addresses that stay the same', async () => {
    await page.upload(await tinyPhoto(2));
    await page.upload(await tinyPhoto(3), { style: 'neon' });
    const answer = await page.call('GET', '/images');
    const { images }: { images: StyleAiImage[] } = answer.json();
    expect(images).toHaveLength(3);
    for (const image of images) {
      expect(image).toEqual({
        id: expect.stringMatching(uuid),
        user_id: expect.stringMatching(uuid),
        filename: `generated_${image.id}.jpg`,
        original_filename: expect.stringMatching(/^[0-9a-f-]{36}\.jpg$/),
        url: expect.stringMatching(new RegExp(`^/uploads/generated_${image.id}\\.jpg\\?`)),
        timestamp: expect.stringMatching(naiveTime),
        style: expect.any(String),
      });
    }
    expect(images.map(({ style }) => style)).toEqual(['neon', 'cinematic', 'cinematic']);
    expect(images.map(({ timestamp }) => timestamp)).toEqual(
      images
        .map(({ timestamp }) => timestamp)
        .toSorted()
        .toReversed(),
    );
    expect((await page.call('GET', '/images')).json()).toEqual({ images });
  });

  test.each(['', '?t=1700000000000', '&t=1700000000000', '&id=7'])('shows pictures with %j added', async (added) => {
    const [image] = await page.images();
    const shown = await page.image(`${image?.url}${added}`);
    expect(shown.status).toBe(200);
    expect(shown.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'cross-origin-resource-policy': 'cross-origin',
      'cache-control': expect.stringMatching(/^private/),
    });
  });

  test('downloads by axios, with its token, from another origin', async () => {
    const [image] = await page.images();
    const blob = await page.call('GET', image?.url as string);
    expect(blob.status).toBe(200);
    expect(blob.body.equals((await page.image(image?.url as string)).body)).toBe(true);
    // Where only the file is known, the token is enough.
    expect((await page.call('GET', `/uploads/${image?.filename}`)).body.equals(blob.body)).toBe(true);
    const saved = await page.call('GET', `/download-image/${image?.filename}`);
    expect(saved.status).toBe(200);
    expect(saved.headers['content-disposition']).toMatch(/^attachment/);
    expect(saved.headers['content-type']).toBe('image/jpeg');
  });

  test('on a phone, downloads as text that the app writes to a file', async () => {
    const mobile = openStyleAiApp(app, { userAgent: phone });
    mobile.keep(page.token);
    const [image] = await page.images();
    const answer = await mobile.call('GET', `/download-image/${image?.filename}`);
    const { image_data: data, ...rest } = answer.json();
    expect(rest).toEqual({ success: true, filename: image?.filename, mime_type: 'image/jpeg', platform: 'mobile' });
    expect(Buffer.from(data, 'base64').length).toBeGreaterThan(100);
    expect((await sharp(Buffer.from(data, 'base64')).metadata()).format).toBe('jpeg');
    // And by the address that it was given, without its token.
    const url = (await page.call('GET', `/images/${image?.id}`)).json().image.download_url;
    mobile.keep(null);
    expect((await mobile.call('GET', url)).json().image_data).toBe(data);
    expect((await mobile.call('GET', `/download-image/${image?.filename}`)).status).toBe(401);
  });

  test('tries what sign-up answers to a GET', async () => {
    const answer = await page.call('GET', '/auth/register');
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toContain('POST');
    expect(answer.json()).toEqual({
      error: 'Method not allowed',
      message: expect.any(String),
      allowed_methods: ['POST'],
      example: expect.objectContaining({ method: 'POST' }),
    });
  });

  test('knows the styles before anybody has signed in', async () => {
    const styles = (await openStyleAiApp(app).call('GET', '/styles')).json();
    expect(styles[0]).toEqual({
      id: 'cinematic',
      name: 'Cinematic Enhancement',
      description: expect.any(String),
      category: 'ai_enhancement',
    });
    expect(styles.map(({ id }: { id: string }) => id)).toEqual([
      'cinematic',
      'enhance',
      'sketch',
      'cartoon',
      'oil_painting',
      'watercolor',
      'pencil_sketch',
      'pop_art',
      'vintage',
      'neon',
    ]);
  });

  test('signs out by forgetting its token, and in again by name or e-mail', async () => {
    const first = page.token;
    page.keep(null);
    for (const name of [ines.username, ines.email]) {
      const answer = await page.login(name, ines.password);
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({ message: 'Login successful', access_token: page.token, user });
      expect(page.token).not.toBe(first);
      expect(await page.images()).toHaveLength(3);
      page.keep(null);
    }
  });
});

describe('the script', () => {
  test('signs in, sends a picture as JSON, and saves the result', async () => {
    const script = openStyleAiApp(app, { userAgent: 'python-requests/2.32.3' });
    await script.login(ines.email, ines.password);
    const png = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#a06030' } })
      .png()
      .toBuffer();
    const { filename, original_filename, download_url, url } = (await script.upload(png)).json();
    expect(original_filename).toMatch(/\.png$/);
    expect((await script.call('GET', url)).status).toBe(200);
    const saved = await app.request(null, 'GET', download_url);
    expect(saved.status).toBe(200);
    expect(saved.headers['content-disposition']).toContain(filename);
  });
});

describe('refusals, in the words of the earlier system', () => {
  const nobody = openStyleAiApp(app);
  const tomas = { username: 'tomas', email: 'tomas@people.example', password: 'sits by the river' };

  test.each([
    [{}, 'Username, email, and password are required'],
    [{ username: 'x', password: 'y' }, 'Username, email, and password are required'],
    [{ ...tomas, username: 'ines' }, 'Username already exists'],
    [{ ...tomas, email: ines.email }, 'Email already exists'],
  ])('sign-up: %j', async (body, error) => {
    const answer = await nobody.call('POST', '/auth/register', body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error });
  });

  test('sign-up holds to what a password must be, and does not repeat it', async () => {
    const answer = await nobody.call('POST', '/auth/register', { ...tomas, password: 'short' });
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error: expect.stringContaining('8 characters') });
  });

  test('sign-in', async () => {
    const missing = await nobody.call('POST', '/auth/login', { username: 'ines' });
    expect([missing.status, missing.json()]).toEqual([400, { error: 'Username and password are required' }]);
    for (const [username, password] of [
      ['ines', 'something else'],
      ['nobody-of-that-name', 'something else'],
    ]) {
      const answer = await nobody.call('POST', '/auth/login', { username, password });
      expect([answer.status, answer.json()]).toEqual([401, { error: 'Invalid credentials' }]);
    }
  });

  test('a body that is too large is told in a unit that it can be told in', async () => {
    const answer = await nobody.call('POST', '/auth/login', { username: 'i'.repeat(70_000), password: 'x' });
    expect([answer.status, answer.json()]).toEqual([413, { error: 'Too large: 64 KB at the most' }]);
  });

  test('tokens: none, none of that kind, not a token, somebody’s own, past its time, ended', async () => {
    const get = async (authorization?: string) => {
      const answer = await app.request(null, 'GET', '/images', { headers: authorization ? { authorization } : {} });
      return [answer.status, answer.json()];
    };
    expect(await get()).toEqual([401, { msg: 'Missing Authorization Header' }]);
    for (const wrong of ['Bearer', 'Bearer garbled', 'Bearer a.b.c']) {
      expect(await get(wrong), wrong).toEqual([422, { msg: expect.any(String) }]);
    }
    const [header, , signature] = (await signedIn()).token.split('.');
    const payload = Buffer.from(JSON.stringify({ sub: 'me', exp: 4e9 })).toString('base64url');
    expect(await get(`Bearer ${header}.${payload}.${signature}`)).toEqual([422, { msg: expect.any(String) }]);
    const expired = await createBearerTokens({ secret: app.database.secret }).issue({
      secret: newSecret(),
      userId: '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e',
      expiresAt: new Date(Date.now() - 1000),
    });
    expect(await get(`Bearer ${expired}`)).toEqual([401, { msg: 'Token has expired' }]);
    const { token: ended } = await signedIn();
    await app.request({ bearer: ended }, 'POST', '/api/v1/auth/logout');
    expect(await get(`Bearer ${ended}`)).toEqual([401, { msg: 'Token has been revoked' }]);
  });

  test('upload', async () => {
    // What is refused counts as well, and one person has ten a minute.
    const pages = await Promise.all(
      ['olga', 'otto'].map(async (username) => {
        const page = openStyleAiApp(app);
        const form = { username, email: `${username}@people.example`, password: 'sends what is none' };
        expect((await page.register(form)).status).toBe(201);
        return page;
      }),
    );
    let sent = 0;
    const send = async (body: string | object) => {
      sent += 1;
      const answer = await app.request({ bearer: pages[sent % 2]?.token ?? '' }, 'POST', '/upload', {
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      return { status: answer.status, body: answer.json() };
    };
    const refused = { error: expect.any(String) };
    expect(await send({})).toEqual({ status: 400, body: { error: 'No image data provided' } });
    expect(await send({ image: '' })).toEqual({ status: 400, body: { error: 'No image data provided' } });
    for (const body of [
      'not json',
      '[]',
      { image: 7 },
      { image: Buffer.from('no comma').toString('base64') },
      { image: 'data:image/jpeg;base64,' },
      { image: 'data:image/jpeg;base64,*not base64*' },
      { image: 'data:image/jpeg;base64,QUJDR' },
      { image: toDataUrl(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')) },
      { image: toDataUrl((await tinyPhoto(4)).subarray(0, 200)) },
      { image: toDataUrl(await tinyPhoto(5)), style: 'no such style' },
    ]) {
      const answer = await send(body);
      expect(answer, JSON.stringify(body).slice(0, 80)).toEqual({
        status: 400,
        body: expect.objectContaining(refused),
      });
    }
    for (const page of pages) expect(await page.images()).toEqual([]);
  });

  test('an upload of more than 16 MiB', async () => {
    const page = await signedIn();
    const body = JSON.stringify({ image: `data:image/jpeg;base64,${'A'.repeat(16 * 2 ** 20)}` });
    const answer = await app.request({ bearer: page.token }, 'POST', '/upload', {
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(413);
    expect(answer.json()).toEqual(expect.objectContaining({ error: expect.stringContaining('16 MB') }));
  });

  test('files: none of that name, and names that lead elsewhere', async () => {
    const page = await signedIn();
    const get = async (path: string) => {
      const answer = await page.call('GET', path);
      return [answer.status, answer.json()];
    };
    const absent = 'generated_0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e.png';
    expect(await get(`/download-image/${absent}`)).toEqual([404, { error: 'Image not found' }]);
    expect(await get(`/uploads/${absent}`)).toEqual([404, { error: 'Image not found' }]);
    expect(await get('/uploads/none.png')).toEqual([404, { error: 'Image not found' }]);
    for (const name of ['..%2F..%2Fetc%2Fpasswd', '..%5Cboot.ini', '%2Fetc%2Fpasswd']) {
      expect(await get(`/download-image/${name}`), name).toEqual([400, { error: 'Invalid filename' }]);
    }
  });

  test.each([
    ['POST', '/auth/purchase-credits'],
    ['POST', '/auth/create-payment-intent'],
    ['POST', '/auth/confirm-payment'],
    ['POST', '/auth/upgrade-premium'],
    ['POST', '/auth/dev-toggle-premium'],
    ['GET', '/auth/nothing'],
    ['GET', '/api-logs'],
    ['GET', '/test-stripe-config'],
  ])('%s %s is not here', async (method, path) => {
    const page = await signedIn();
    const answer = await page.call(method, path, method === 'POST' ? {} : undefined);
    expect([answer.status, answer.json()]).toEqual([404, { error: 'Not found' }]);
  });

  test('a method that an address does not take', async () => {
    const page = await signedIn();
    for (const [method, path] of [
      ['DELETE', '/upload'],
      ['POST', '/images'],
      ['PUT', '/styles'],
    ] as const) {
      const answer = await app.request({ bearer: page.token }, method, path, { json: {} });
      expect([answer.status, answer.json().error], `${method} ${path}`).toEqual([405, 'Method not allowed']);
      expect(answer.headers.allow).toBeTruthy();
    }
  });

  async function signedIn() {
    const page = openStyleAiApp(app);
    await page.login(ines.username, ines.password);
    return page;
  }
});

describe('figures', () => {
  test('are behind authorization, and count one’s own', async () => {
    const page = openStyleAiApp(app);
    expect((await page.call('GET', '/rate-limit-status')).json()).toEqual({ msg: 'Missing Authorization Header' });
    await page.register({ username: 'vera', email: 'vera@people.example', password: 'counts to a hundred' });
    const read = async () => (await page.call('GET', '/rate-limit-status')).json();
    const fresh = await read();
    expect(fresh).toEqual({
      status: 'success',
      rate_limits: {
        minute_requests: 0,
        minute_limit: 10,
        minute_remaining: 10,
        daily_requests: 0,
        daily_limit: expect.any(Number),
        daily_remaining: fresh.rate_limits.daily_limit,
      },
      model: expect.any(String),
    });
    await page.upload(await tinyPhoto(11));
    expect((await read()).rate_limits).toMatchObject({ minute_requests: 1, minute_remaining: 9, daily_requests: 1 });
  });

  test('one who asks too much waits, and is told how long', async () => {
    const page = openStyleAiApp(app);
    await page.register({ username: 'hasty', email: 'hasty@people.example', password: 'never waits for it' });
    const bytes = await tinyPhoto(12);
    // The same picture again is styled no second time, and counts all the same: the limit is on asking.
    for (let n = 0; n < 10; n += 1) expect((await page.upload(bytes)).status).toBe(200);
    const answer = await page.upload(bytes);
    expect(answer.status).toBe(429);
    const { retry_after: wait, ...body } = answer.json();
    expect(body).toEqual({
      error: 'Rate limit exceeded. Please try again later.',
      rate_limit_info: {
        minute_requests: 10,
        minute_limit: 10,
        minute_remaining: 0,
        daily_requests: 10,
        daily_limit: expect.any(Number),
        daily_remaining: expect.any(Number),
      },
    });
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(answer.headers['retry-after']).toBe(String(wait));
    expect(await page.images()).toHaveLength(1);
  });

  test('a quota is told as credits', async () => {
    const page = openStyleAiApp(app);
    const { user } = (
      await page.register({ username: 'small', email: 'small@people.example', password: 'has little room' })
    ).json();
    const administrator = openStyleAiApp(app);
    await administrator.login(ines.username, ines.password);
    const changed = await app.request({ bearer: administrator.token }, 'PATCH', `/api/v1/users/${user.id}`, {
      json: { quota_photos: 4 },
    });
    expect(changed.status).toBe(200);
    const usage = async () => (await page.call('GET', '/auth/usage-info')).json();
    expect(await usage()).toMatchObject({ unlimited: false, images_used: 0, images_limit: 2, remaining: 2 });
    await page.upload(await tinyPhoto(21));
    expect(await usage()).toMatchObject({ images_used: 1, remaining: 1, image_credits: 1 });
    await page.upload(await tinyPhoto(22));
    const full = await page.upload(await tinyPhoto(23));
    expect(full.status).toBe(429);
    expect(full.json()).toEqual({
      error: expect.stringMatching(/^No image credits remaining/),
      upgrade_required: true,
      remaining: 0,
    });
  });
});

describe('prompts', () => {
  test('are kept, listed, changed and deleted', async () => {
    const page = openStyleAiApp(app);
    await page.register({ username: 'petra', email: 'petra@people.example', password: 'writes it all down' });
    expect((await page.call('GET', '/prompts')).json()).toEqual({ prompts: [] });
    const made = await page.call('POST', '/prompts', { title: 'Dusk', prompt_text: 'a harbour at dusk' });
    expect(made.status).toBe(201);
    const { message, prompt } = made.json();
    expect(message).toEqual(expect.any(String));
    expect(prompt).toEqual({
      id: expect.stringMatching(uuid),
      user_id: expect.stringMatching(uuid),
      title: 'Dusk',
      prompt_text: 'a harbour at dusk',
      style_type: 'cinematic',
      is_favorite: false,
      created_at: expect.stringMatching(naiveTime),
      updated_at: expect.stringMatching(naiveTime),
    });
    const change = { title: 'Dawn', style_type: 'watercolor', is_favorite: true };
    const changed = await page.call('PUT', `/prompts/${prompt.id}`, change);
    expect(changed.json()).toEqual({
      message: expect.any(String),
      prompt: { ...prompt, ...change, updated_at: expect.stringMatching(naiveTime) },
    });
    expect((await page.call('GET', '/prompts')).json().prompts).toEqual([changed.json().prompt]);
    // The studio of the web app shows the same.
    const templates = (await app.request({ bearer: page.token }, 'GET', '/api/v1/templates')).json();
    expect(templates.items).toMatchObject([{ name: 'Dawn', category: 'watercolor', is_favorite: true }]);
    expect((await page.call('DELETE', `/prompts/${prompt.id}`)).json()).toEqual({ message: expect.any(String) });
    for (const [method, body] of [
      ['PUT', change],
      ['DELETE', undefined],
    ] as const) {
      const answer = await page.call(method, `/prompts/${prompt.id}`, body);
      expect([answer.status, answer.json()]).toEqual([404, { error: 'Prompt not found' }]);
    }
    const missing = await page.call('POST', '/prompts', { title: 'Dusk' });
    expect([missing.status, missing.json()]).toEqual([400, { error: 'Title and prompt text are required' }]);
  });
});
