import { afterAll, beforeAll, expect, test } from 'vitest';
import { deriveKey } from '#features/accounts/index.ts';
import { createSignedUrls } from '#features/photos/index.ts';
import { openDatabase } from '#platform/database/database.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { createTestApp, type Person } from '../../../test/app.ts';
import { createAutomatic1111Simulator } from '../../../test/simulators/automatic1111.ts';
import { createAutomatic1111 } from './backends/automatic1111.ts';
import { makePicture } from './make-picture.ts';

const simulator = await createAutomatic1111Simulator();
const app = await createTestApp({ environment: { AUTOMATIC1111_URL: simulator.url, TINTYPE_PAINTER: 'off' } });
const database = openDatabase(app.database.app, { connections: 2 });
const backend = createAutomatic1111({ url: simulator.url });
const deps = {
  database,
  notifications: app.notifications,
  signedUrls: createSignedUrls({ key: deriveKey(app.database.secret, 'signed URLs') }),
  maxBatch: 10,
  // What asks for a picture looks for its backend alone; the server makes it.
  backends: {
    all: [{ name: 'automatic1111', url: simulator.url, backend }],
    names: ['automatic1111'],
    find: () => backend,
    offeredIn: () => ['automatic1111'],
    pod: null,
    rented: null,
    close: () => {},
  },
};
afterAll(async () => {
  backend.close();
  await database.close();
  await simulator.close();
});
const patience = { timeout: 60_000 };

let ines: Person;
let caller: UserCaller;
beforeAll(async () => {
  ines = await app.signUp();
  caller = {
    kind: 'user',
    principal: { kind: 'user', id: ines.id },
    userId: ines.id,
    username: ines.username,
    role: 'admin',
    via: 'token',
    credentialId: ines.id,
    scopes: null,
    expiresAt: null,
  };
  expect((await app.request(ines, 'POST', '/api/v1/models/refresh')).json().models_count).toBeGreaterThan(0);
});

const asked = (prompt: string, parameters = {}) => ({ prompt, parameters });
const sessions = async () => (await app.request(ines, 'GET', '/api/v1/generation/sessions')).json();
const generated = async () =>
  (await app.request(ines, 'GET', '/api/v1/photos?generated=true'))
    .json()
    .items.map((photo: { generation_metadata: { prompt: string } }) => photo.generation_metadata.prompt);

test('answers once the picture is there, and leaves a session that is done', async () => {
  const { photo, step } = await makePicture(deps, caller, asked('a heron'), { mostWaitMs: 60_000 });
  expect([step.prompt, step.status, step.parameters.batch_size]).toEqual(['a heron', 'completed', 1]);
  expect((await app.request({ bearer: ines.bearer }, 'GET', `/api/v1/photos/${photo.id}/original`)).status).toBe(200);
  expect((await sessions()).items).toMatchObject([{ status: 'completed', steps_count: 1, title: 'a heron' }]);
});

test('who has waited long enough is told so, and the picture comes to the library all the same', async () => {
  simulator.faults.paceMs = 200;
  await expect(makePicture(deps, caller, asked('a slow heron'), { mostWaitMs: 0 })).rejects.toMatchObject({
    code: 'unavailable',
  });
  simulator.faults.paceMs = 1;
  await expect.poll(generated, patience).toContain('a slow heron');
  expect((await sessions()).items[0]).toMatchObject({ status: 'completed', title: 'a slow heron' });
});

test('who has gone is waited for no longer, and finds the picture in the library', async () => {
  simulator.faults.paceMs = 200;
  const leaving = new AbortController();
  const waiting = makePicture(deps, caller, asked('a heron for later'), {
    mostWaitMs: 600_000,
    signal: leaving.signal,
  });
  await expect.poll(async () => (await sessions()).items[0].title, patience).toBe('a heron for later');
  leaving.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
  simulator.faults.paceMs = 1;
  await expect.poll(generated, patience).toContain('a heron for later');
});

test('what cannot be asked for leaves no session behind', async () => {
  const before = (await sessions()).total;
  await expect(makePicture(deps, caller, asked('a heron', { width: 3 }), { mostWaitMs: 60_000 })).rejects.toMatchObject(
    { code: 'validation_error' },
  );
  expect((await sessions()).total).toBe(before);
});

test('what fails says why', async () => {
  simulator.faults.spoil = ({ path }) => (path.includes('txt2img') ? { status: 422, body: { detail: 'no' } } : null);
  await expect(makePicture(deps, caller, asked('no heron'), { mostWaitMs: 60_000 })).rejects.toMatchObject({
    code: 'invokeai_generation_error',
    message: expect.stringMatching(/\w/),
  });
  simulator.faults.spoil = () => null;
  expect(await generated()).not.toContain('no heron');
  expect((await sessions()).items[0]).toMatchObject({ status: 'completed', title: 'no heron' });
});

test('it notices at the next look where announcements are not heard', async () => {
  const deaf = { ...deps.notifications, subscribe: () => () => {} };
  const { photo } = await makePicture({ ...deps, notifications: deaf }, caller, asked('unheard'), {
    mostWaitMs: 60_000,
  });
  expect(photo.kind).toBe('generated');
});
