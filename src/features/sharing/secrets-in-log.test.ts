import { expect, test } from 'vitest';
import { tinyPhoto } from '../../../test/app.ts';
import { logOf } from '../../../test/log-of.ts';
import { slowness } from '../../../test/slowness.ts';

test('no key, session or password of a link is ever logged, whatever is answered', {
  timeout: 60_000 * slowness,
}, async () => {
  const password = 'kept between the two of us';
  const secrets = new Set([password, 'not the password at all']);
  const work = async (opened: string) => {
    const url = new URL(opened).origin;
    const ask = async (method: string, address: string, json?: object, headers: Record<string, string> = {}) => {
      const body = json === undefined ? {} : { body: JSON.stringify(json) };
      const type: Record<string, string> = json === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await fetch(url + address, { method, ...body, headers: { ...type, ...headers } });
      return { status: answer.status, text: await answer.text() };
    };
    const account = { username: 'ines', email: 'ines@people.example', password: 'correct horse battery' };
    const { access_token: bearer } = JSON.parse((await ask('POST', '/api/v1/auth/register', account)).text);
    const authorization = `Bearer ${bearer}`;
    const sent = await fetch(`${url}/api/v1/photos`, {
      method: 'POST',
      body: new Uint8Array(await tinyPhoto(1)),
      headers: { authorization },
    });
    const { id: photo } = (await sent.json()) as { id: string };
    const [shown, closed] = await Promise.all(
      [{ password }, {}].map(async (more) => {
        const wish = { photo_id: photo, allow_download: true, ...more };
        const made = await ask('POST', '/api/v1/share/create', wish, { authorization });
        return JSON.parse(made.text) as { id: string; access_key: string };
      }),
    );
    if (!shown || !closed) throw new Error('no links');
    await ask('DELETE', `/api/v1/share-links/${closed.id}`, undefined, { authorization });
    const absent = 'Z'.repeat(43);
    for (const key of [shown.access_key, closed.access_key, absent]) secrets.add(key);

    const unlocked = await ask('POST', `/api/v1/share/${shown.access_key}/unlock`, { password });
    const { session } = JSON.parse(unlocked.text);
    secrets.add(session);
    const wrong = { password: 'not the password at all' };
    const guests: Record<string, string>[] = [
      {},
      { 'x-share-session': session },
      { cookie: `tintype_guest=${session}` },
      { 'x-share-password': password },
      { 'x-share-password': 'not the password at all' },
    ];
    for (const key of [shown.access_key, closed.access_key, absent]) {
      for (const base of [`/s/${key}`, `/api/v1/share/${key}`]) {
        const places = ['', '/', '/layout', '/download', `/photos/${photo}`, '/nothing/here', `?key=${key}`, `/${key}`];
        const bytes = ['original', 'medium', 'large'].map((variant) => `/photos/${photo}/${variant}?s=${key}`);
        for (const place of [...places, ...bytes]) {
          for (const accept of ['text/html', 'application/json', 'image/*']) {
            await ask('GET', base + place, undefined, { ...guests[1], accept });
          }
          await ask('PUT', base + place);
        }
        for (const guest of guests) await ask('GET', `${base}/photos/${photo}/medium`, undefined, guest);
        await ask('POST', `${base}/unlock`, wrong);
        await ask('POST', `${base}/unlock`, { password: { $ne: password } });
        await ask('POST', `${base}/photos`, { not: 'a picture' }, guests[1]);
      }
    }
    // Addresses that lead elsewhere, with a key in them all the same.
    for (const address of [`/S/${shown.access_key}`, `//s/${shown.access_key}`, `/share/${shown.access_key}`]) {
      await ask('GET', address);
    }
  };
  const log = await logOf(work, { LOG_LEVEL: 'trace', LOG_FORMAT: 'json' });
  expect(log).toContain('"msg":"request"');
  expect(log).toContain('"route":"/s/:key');
  expect(secrets.size).toBe(6);
  for (const secret of secrets) expect(log).not.toContain(secret);
});
