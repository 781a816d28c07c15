import { readdir } from 'node:fs/promises';
import { Client } from 'pg';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person, type RequestOptions } from '../../../test/app.ts';

const app = await createTestApp();
let admin: Person;
let ines: Person;

let addresses = 0;
/** Somebody who passes by, from an address of their own. */
const visit = (json: unknown, options: RequestOptions = {}) => {
  addresses += 1;
  return app.request(null, 'POST', '/api/v1/generation/try', {
    json,
    ...options,
    headers: { 'x-forwarded-for': `10.7.0.${addresses}`, ...options.headers },
  });
};
const allow = (allowed: boolean, as = admin) =>
  app.request(as, 'PATCH', '/api/v1/generation/try', { json: { allowed } });
const isAllowed = async (as: Person | null = null) =>
  (await app.request(as, 'GET', '/api/v1/generation/try')).json().allowed;

beforeAll(async () => {
  admin = await app.signUp();
  ines = await app.signUp();
});

describe('a studio that nobody has opened', () => {
  test('is closed to visitors, who are told no more than that', async () => {
    expect(await isAllowed()).toBe(false);
    const answer = await visit({ prompt: 'a lake' });
    expect(answer.status).toBe(403);
    expect(answer.json().error).toEqual({
      code: 'forbidden',
      message: 'Sign in to make pictures here.',
      details: {},
    });
  });

  test('is opened by administrators alone', async () => {
    expect((await allow(true, ines)).status).toBe(403);
    const key = await app.createApiKey(admin, ['photos:read', 'photos:write', 'account:read']);
    const byKey = await app.request(key, 'PATCH', '/api/v1/generation/try', { json: { allowed: true } });
    expect(byKey.status).toBe(403);
    expect((await app.request(null, 'PATCH', '/api/v1/generation/try', { json: { allowed: true } })).status).toBe(401);
    expect(await isAllowed()).toBe(false);
  });
});

describe('a studio that is open', () => {
  beforeAll(async () => {
    expect((await allow(true)).json()).toMatchObject({ allowed: true });
  });

  test('says so to everybody, with what may be asked for; that it was opened is written down', async () => {
    expect((await app.request(null, 'GET', '/api/v1/generation/try')).json()).toEqual({
      allowed: true,
      shapes: [
        { name: 'square', width: 768, height: 768 },
        { name: 'portrait', width: 528, height: 768 },
        { name: 'landscape', width: 768, height: 528 },
      ],
    });
    expect(await isAllowed(ines)).toBe(true);
    const { items } = (await app.request(admin, 'GET', '/api/v1/admin/audit?action=try_out_changed')).json();
    expect(items).toMatchObject([{ details: { allowed: true }, actor: { username: admin.username } }]);
  });

  test('paints for a visitor, the same from the same seed, and keeps nothing', async () => {
    const before = await stored();
    const answer = await visit({ prompt: 'A lake at dusk', seed: 7, shape: 'landscape' });
    expect([answer.status, answer.headers['content-type'], answer.headers['tintype-seed']]).toEqual([
      200,
      'image/jpeg',
      '7',
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['set-cookie']).toBeUndefined();
    const { width, height, xmpAsString } = await sharp(answer.body).metadata();
    expect([width, height]).toEqual([768, 528]);
    expect(xmpAsString).toContain('digitalsourcetype/algorithmicMedia');
    expect(xmpAsString).toContain('A lake at dusk');
    const again = await visit({ prompt: 'A lake at dusk', seed: 7, shape: 'landscape' });
    expect(again.body.equals(answer.body)).toBe(true);
    expect(await stored()).toEqual(before);
  });

  test('draws a seed where none is asked for, and tells it', async () => {
    const answer = await visit({ prompt: 'poppies' });
    const seed = Number(answer.headers['tintype-seed']);
    expect(answer.status).toBe(200);
    const again = await visit({ prompt: 'poppies', seed });
    expect(again.body.equals(answer.body)).toBe(true);
  });

  test('a picture that was painted for a visitor keeps its making when it is uploaded', async () => {
    const { body } = await visit({ prompt: 'A lake at dusk', seed: 7 });
    const photo = await app.upload(ines, body, 'a lake at dusk 7.jpg');
    expect(photo).toMatchObject({ kind: 'uploaded', is_generated: false });
    expect((await app.request(ines, 'GET', `/api/v1/photos/${photo.id}/metadata`)).json()).toMatchObject({
      generation_prompt: 'A lake at dusk',
      generation_params: { tool: 'the painter', seed: 7, steps: 30, cfg_scale: 7.5, model_name: 'The painter' },
      digital_source_type: 'http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia',
    });
  });

  test.each([
    ['no prompt', {}],
    ['an empty one', { prompt: '  ' }],
    ['one without an end', { prompt: 'x'.repeat(4001) }],
    ['a prompt that is none', { prompt: 7 }],
    ['a seed that is none', { prompt: 'a lake', seed: -1 }],
    ['a seed that is too large', { prompt: 'a lake', seed: 2 ** 32 }],
    ['half a seed', { prompt: 'a lake', seed: 0.5 }],
    ['a shape that is none', { prompt: 'a lake', shape: 'round' }],
    ['a size of its own', { prompt: 'a lake', width: 2048, height: 2048 }],
    ['a photo to start from', { prompt: 'a lake', source_image_id: '0197f3c2-7b1e-7c3a-9d57-3f0a4b5c6d7e' }],
    ['nothing', null],
  ])('refuses %s with what is wrong', async (_, json) => {
    const answer = await visit(json);
    expect([answer.status, answer.json().error.code]).toEqual([400, 'validation_error']);
  });

  test('refuses what is no JSON, and more than a prompt can be', async () => {
    const text = await visit(undefined, { body: 'prompt=a lake', headers: { 'content-type': 'application/json' } });
    expect(text.status).toBe(400);
    expect((await visit({ prompt: 'x'.repeat(300_000) })).status).toBe(413);
  });

  test('is not asked by pages of other sites', async () => {
    const foreign = { prompt: 'a lake' };
    expect((await visit(foreign, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect((await visit(foreign, { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });

  test('lets so many of one address wait, says when to come back, and serves who was let in', async () => {
    const headers = { 'x-forwarded-for': '10.8.0.1' };
    const answers = await Promise.all(
      Array.from({ length: 7 }, (_, seed) => visit({ prompt: 'a lake', seed }, { headers })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.json().error).toMatchObject({ code: 'rate_limited', details: { retry_after: 5 } });
    expect(refused?.headers['retry-after']).toBe('5');
    expect((await visit({ prompt: 'a lake' }, { headers })).status).toBe(200);
  });

  test('closes at once', async () => {
    expect((await allow(false)).json()).toMatchObject({ allowed: false });
    expect(await isAllowed()).toBe(false);
    expect((await visit({ prompt: 'a lake' })).status).toBe(403);
  });
});

describe('where the painter is switched off', async () => {
  const without = await createTestApp({ environment: { TINTYPE_PAINTER: 'off' } });

  test('there is nothing to try, and nothing to allow', async () => {
    const first = await without.signUp();
    const answer = await without.request(first, 'PATCH', '/api/v1/generation/try', { json: { allowed: true } });
    expect([answer.status, answer.json().error.code]).toEqual([409, 'conflict']);
    expect((await without.request(null, 'GET', '/api/v1/generation/try')).json().allowed).toBe(false);
    const asked = await without.request(null, 'POST', '/api/v1/generation/try', { json: { prompt: 'a lake' } });
    expect(asked.status).toBe(403);
  });
});

/** Everything that a picture could have been left in: files, rows, and what was written down. */
async function stored() {
  const entries = await readdir(app.dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const client = new Client(app.database.owner);
  await client.connect();
  const { rows } = await client
    .query(
      `select (select count(*) from photos) as photos, (select count(*) from blobs) as blobs,
        (select count(*) from generation_steps) as steps, (select count(*) from audit_log) as audit`,
    )
    .finally(() => client.end());
  return { files: files.sort(), rows };
}
