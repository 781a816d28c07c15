import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { v7 as uuidv7 } from 'uuid';
import { describe, expect, test } from 'vitest';
import { type Answer, createTestApp, type Person, tinyPhoto } from '../../../test/app.ts';
import { drawStandIn, toInitials } from './draw-stand-in.ts';

const app = await createTestApp();
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  app.request(null, method, path, { headers });
let seed = 12_000;
const show = async (person: Person): Promise<string> => {
  seed += 1;
  const body = await tinyPhoto(seed, { width: 700, height: 500 });
  const answer = await app.request(person, 'PUT', '/api/v1/me/pictures/profile', { body });
  if (answer.status !== 200) throw new Error(`a picture was answered ${answer.status}: ${answer.text}`);
  return answer.json().url;
};
const optIn = (person: Person, on = true) =>
  app.request(person, 'PATCH', '/api/v1/me', { json: { avatar_by_email: on } });
const hashOf = (email: string): string => createHash('sha256').update(email.trim().toLowerCase()).digest('hex');
/** All of an answer but the moment it was given. */
const whole = ({ status, headers, text }: Answer) => {
  const { date: _, ...rest } = headers;
  return { status, headers: rest, text };
};
const svgHeaders = {
  'content-type': 'image/svg+xml',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'cross-origin',
  'cache-control': 'public, max-age=60',
};

describe('where there is no picture', () => {
  test('the answer is 404, of whatever it is asked, and tells nothing of who exists', async () => {
    const person = await app.signUp();
    const paths = (id: string) => [
      `/images/users/${id}/profile`,
      `/images/users/${id}/cover`,
      `/images/organizations/${id}/logo`,
    ];
    const [here, nowhere] = [
      await Promise.all(paths(person.id).map((path) => get(path))),
      await Promise.all(paths(uuidv7()).map((path) => get(path))),
    ];
    for (const [n, answer] of here.entries()) {
      expect(whole(answer)).toEqual(whole(nowhere[n] as Answer));
      expect([answer.status, answer.headers['cache-control'], answer.json().error.code]).toEqual([
        404,
        'no-store',
        'not_found',
      ]);
    }
    for (const path of [
      '/images/users/test/profile',
      '/images/',
      '/images/users',
      `/images/users/${person.id}/logo`,
      '/avatar/',
      '/avatar/x',
    ]) {
      for (const method of ['GET', 'HEAD', 'POST']) {
        const answer = await get(path, {}, method);
        // Clients of an earlier system ask at this address, and are told what it takes.
        const status = method === 'POST' && path.endsWith('/test/profile') ? 405 : 404;
        expect([path, method, answer.status, answer.headers['content-type']]).toEqual([
          path,
          method,
          status,
          'application/json',
        ]);
      }
    }
    const wrong = await get(`/images/users/${person.id}/profile?fallback=monster`);
    expect([wrong.status, wrong.json().error.details]).toEqual([400, { field: 'fallback', allowed: ['initials'] }]);
  });

  test('initials stand in when they are asked for, the same for everybody who exists or not', async () => {
    const person = await app.signUp('stand-in');
    await app.request(person, 'PATCH', '/api/v1/me', { json: { display_name: 'Canary Of The Coal' } });
    const path = (id: string, more = '') => `/images/users/${id}/profile?fallback=initials${more}`;
    const answer = await get(path(person.id));
    expect([answer.status, answer.headers]).toEqual([200, expect.objectContaining(svgHeaders)]);
    expect(answer.text).not.toMatch(/[Cc]anary|stand-in|>C/);
    expect((await get(path(person.id))).text).toBe(answer.text);
    const absent = await get(path(uuidv7()));
    expect(Object.keys(absent.headers).sort()).toEqual(Object.keys(answer.headers).sort());
    expect(absent.text.replace(/#[0-9a-f]{6}/, '')).toBe(answer.text.replace(/#[0-9a-f]{6}/, ''));

    const named = await get(path(person.id, '&name=Ines%20van%20der%20Kranz&size=64'));
    expect(named.text).toContain('>IK</text>');
    expect(named.text).toContain('width="64" height="64"');
    const etag = String(named.headers.etag);
    const unchanged = await get(path(person.id, '&name=Ines%20van%20der%20Kranz&size=64'), { 'if-none-match': etag });
    expect([unchanged.status, unchanged.body.length, unchanged.headers.etag]).toEqual([304, 0, etag]);
    const head = await get(path(person.id), {}, 'HEAD');
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([
      200,
      0,
      String(answer.body.length),
    ]);
    const { format, width } = await sharp(answer.body).metadata();
    expect([format, width]).toEqual(['svg', 512]);

    const url = await show(person);
    expect((await get(path(person.id))).headers['content-type']).toBe('image/webp');
    expect((await get(`${url}&fallback=initials`)).headers['cache-control']).toBe(
      'public, max-age=31536000, immutable',
    );
  });

  test('nothing that is asked for comes into a drawing but letters and digits', async () => {
    const id = uuidv7();
    for (const hostile of [
      '<script>alert(1)</script>',
      '"><img src=x>',
      '&#60;b',
      '\u202e\u0000/*',
      '{{7*7}}',
      ']]>',
    ]) {
      for (const name of ['initials', 'name']) {
        const { text, status } = await get(
          `/images/users/${id}/profile?fallback=initials&${name}=${encodeURIComponent(hostile)}`,
        );
        const letters = />([^<>]*)<\/text>/.exec(text)?.[1] ?? '';
        expect([status, letters]).toEqual([200, expect.stringMatching(/^[\p{L}\p{N}]{0,3}$/u)]);
        expect(text.replace(`>${letters}<`, '><')).toMatch(
          /^<svg [^<>]*>(<(rect|text|g|circle|path) [^<>]*>|<\/(text|g|svg)>)+$/,
        );
        expect((await sharp(Buffer.from(text)).metadata()).format).toBe('svg');
      }
    }
  });

  test('initials are two at the most, of any script', () => {
    expect(toInitials('jd', null)).toBe('JD');
    expect(toInitials('jdx', 'Somebody Else')).toBe('JD');
    expect(toInitials(null, 'maren')).toBe('M');
    expect(toInitials(null, '  Åsa   Öberg ')).toBe('ÅÖ');
    expect(toInitials(null, '山田 太郎')).toBe('山太');
    expect(toInitials(null, '𠮷野 家')).toBe('𠮷家');
    expect(toInitials('!', '“Q.” - 7')).toBe('Q7');
    expect(toInitials(null, '')).toBe('');
    expect(drawStandIn('initials', 'x', 80).equals(drawStandIn('initials', 'x', 80))).toBe(true);
  });
});

describe('by the hash of an e-mail', () => {
  test('nobody is found who did not ask for it, and what is answered then is the same for everybody', async () => {
    const [out, bare, open] = [await app.signUp(), await app.signUp(), await app.signUp()];
    await show(out);
    await optIn(bare);
    await show(open);
    expect((await app.request(out, 'GET', '/api/v1/me')).json().avatar_by_email).toBe(false);
    expect((await optIn(open)).json().avatar_by_email).toBe(true);
    for (const query of [
      '',
      '?d=404',
      '?d=identicon',
      '?d=mp&s=200',
      '?d=initials&name=Ines',
      '?d=blank',
      '?d=https%3A%2F%2Fevil.example%2Fx.png',
    ]) {
      const emails = [out.email, bare.email, 'nobody@people.example'];
      const answers = await Promise.all(emails.map((email) => get(`/avatar/${hashOf(email)}${query}`)));
      const alike = answers.map((answer) => {
        const { etag: _, 'content-length': __, ...headers } = whole(answer).headers;
        return { status: answer.status, headers };
      });
      expect(new Set(alike.map((one) => JSON.stringify(one))).size, query).toBe(1);
      // The drawing follows from the address alone.
      for (const [n, email] of emails.entries()) {
        const again = await get(`/avatar/${hashOf(email).toUpperCase()}.png${query}`);
        expect(whole(again)).toEqual(whole(answers[n] as Answer));
      }
      if (query !== '?d=404') expect(answers[0]?.headers).toMatchObject(svgHeaders);
      if (query === '?d=mp&s=200') expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    }
    expect((await get(`/avatar/${hashOf(out.email)}?d=404`)).status).toBe(404);
    const found = await get(`/avatar/${hashOf(` ${open.email.toUpperCase()} `)}?d=404`);
    expect([found.status, found.headers['content-type'], found.headers['cache-control']]).toEqual([
      200,
      'image/webp',
      'public, max-age=60',
    ]);
    expect(found.headers['cross-origin-resource-policy']).toBe('cross-origin');
    const unchanged = await get(`/avatar/${hashOf(open.email)}`, { 'if-none-match': String(found.headers.etag) });
    expect(unchanged.status).toBe(304);
    await optIn(open, false);
    expect((await get(`/avatar/${hashOf(open.email)}?d=404`)).status).toBe(404);
  });

  test('the picture comes in the next larger size, and something else instead when that is forced', async () => {
    const person = await app.signUp();
    await optIn(person);
    await show(person);
    const hash = hashOf(person.email);
    for (const [query, width] of [
      ['', 128],
      ['?s=1', 64],
      ['?s=64', 64],
      ['?size=65', 128],
      ['?s=500', 512],
      ['?s=513', 700],
      ['?s=2048', 700],
      ['?s=99999', 700],
      ['?s=0', 128],
      ['?s=large', 128],
    ] as const) {
      const answer = await get(`/avatar/${hash}${query}`);
      expect([query, answer.status, (await sharp(answer.body).metadata()).width]).toEqual([query, 200, width]);
    }
    for (const forced of ['?f=y', '?forcedefault=y', '?f=Yes&d=identicon']) {
      expect((await get(`/avatar/${hash}${forced}`)).headers['content-type']).toBe('image/svg+xml');
    }
    expect((await get(`/avatar/${hash}?f=y&d=404`)).status).toBe(404);
    expect((await get(`/avatar/${hash}?s=300&f=y`)).text).toContain('width="300" height="300"');
    // MD5, as it was once, finds nobody.
    const md5 = createHash('md5').update(person.email).digest('hex');
    expect((await get(`/avatar/${md5}?d=404`)).status).toBe(404);
    expect((await get(`/avatar/${md5}`)).status).toBe(200);
  });

  test('each name draws what it says, and those that are not drawn here an identicon', async () => {
    const hash = hashOf('nobody@people.example');
    const draw = async (d: string) => (await get(`/avatar/${hash}?d=${d}`)).text;
    expect(await draw('mm')).toBe(await draw('mp'));
    expect(await draw('')).toBe(await draw('mp'));
    expect(await draw('https://evil.example/x.png')).toBe(await draw('mp'));
    const identicon = await draw('identicon');
    for (const name of ['monsterid', 'wavatar', 'retro', 'robohash']) expect(await draw(name)).toBe(identicon);
    expect(identicon).not.toBe((await get(`/avatar/${hashOf('somebody@people.example')}?d=identicon`)).text);
    expect(await draw('blank')).toMatch(/^<svg [^>]*><\/svg>$/);
    expect(await draw('initials&initials=ik')).toContain('>IK</text>');
    expect(await draw('initials&name=Ines+Kranz')).toContain('>IK</text>');
  });

  test('another e-mail is another hash, at once', async () => {
    const person = await app.signUp();
    await optIn(person);
    await show(person);
    const email = `Anew.${person.username}@People.example`;
    const json = { email, current_password: person.password };
    expect((await app.request(person, 'PATCH', '/api/v1/me', { json })).status).toBe(200);
    expect((await get(`/avatar/${hashOf(person.email)}?d=404`)).status).toBe(404);
    expect((await get(`/avatar/${hashOf(email)}?d=404`)).status).toBe(200);
  });
});
