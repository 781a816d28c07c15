import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countPromise } from '../promises.ts';
import { scale } from '../scale.ts';
import { slowness } from '../slowness.ts';
import { type ServerProcess, startProcess } from './server-process.ts';

/** How many photos are on their way when the server is killed, and how often it is. */
const photos = scale(40, 200);
const rounds = scale(2, 12);
const atOnce = 8;
const eachWithin = 90_000 * slowness;

let dataDir = '';
let server: ServerProcess;
let bearer = '';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const call = (at: string, init: RequestInit = {}) =>
  fetch(`${server.url}/api/v1${at}`, { ...init, headers: { authorization: `Bearer ${bearer}`, ...init.headers } });

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tintype-crash-'));
  server = await startProcess(dataDir);
  const answer = await fetch(`${server.url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'survivor', password: 'a quiet harbour at dawn' }),
  });
  bearer = ((await answer.json()) as { access_token: string }).access_token;
});

afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

let made = 0;
/** A picture of some 20 KB: what matters here are the steps, not how long each takes. */
const makePicture = async (): Promise<Buffer> => {
  made += 1;
  const noise = await sharp({
    create: {
      width: 240,
      height: 180,
      channels: 3,
      background: 'grey',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  })
    .jpeg()
    .toBuffer();
  // Text after the end of the picture makes it another file, and keeps it whole.
  return Buffer.concat([noise, Buffer.from(`picture ${made}`)]);
};

/** Sends one picture, every third in a form. @returns its id when it was acknowledged, null when the server was lost */
async function send(bytes: Buffer, at: number): Promise<string | null> {
  try {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(bytes)]), 'picture.jpg');
    const answer = await call('/photos?filename=picture.jpg', {
      method: 'POST',
      body: at % 3 ? new Uint8Array(bytes) : form,
    });
    const text = await answer.text();
    if (answer.status !== 201 && answer.status !== 200) throw new Error(`answered ${answer.status}: ${text}`);
    return JSON.parse(text).id;
  } catch (error) {
    // undici's word for a connection that broke.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** Sends pictures, some at a time, until all are sent or the server is lost. @returns the acknowledged: id by sha256 */
async function sendAll(pictures: readonly Buffer[], onAcknowledged: (count: number) => void = () => {}) {
  const acknowledged = new Map<string, string>();
  const waiting = [...pictures.entries()];
  let lost = false;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !lost; next = waiting.shift()) {
      const id = await send(next[1], next[0]);
      if (id === null) lost = true;
      else {
        acknowledged.set(sha256(next[1]), id);
        onAcknowledged(acknowledged.size);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return acknowledged;
}

/** Photos whose every size was looked at already. */
const looked = new Set<string>();

/** Every photo there is, held byte for byte against what was sent, and asked for in every size once. @returns ids by sha256 */
async function readLibrary(sent: ReadonlySet<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = (await (await call(`/photos?limit=100${cursor ? `&cursor=${cursor}` : ''}`)).json()) as {
      items: { id: string; bytes: number }[];
      next_cursor: string | null;
    };
    for (const { id, bytes } of page.items) {
      const original = Buffer.from(await (await call(`/photos/${id}/original`)).arrayBuffer());
      const hash = sha256(original);
      expect([id, sent.has(hash), original.length]).toEqual([id, true, bytes]);
      for (const variant of looked.has(id) ? [] : ['preview', 'medium', 'small']) {
        const answer = await call(`/photos/${id}/${variant}`);
        const picture = Buffer.from(await answer.arrayBuffer());
        expect([id, variant, answer.status]).toEqual([id, variant, 200]);
        expect((await sharp(picture).stats()).channels.length).toBeGreaterThan(0);
      }
      looked.add(id);
      found.set(hash, id);
    }
    cursor = page.next_cursor;
  }
  return found;
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(path.join(dataDir, folder), { recursive: true }).catch(() => [])) as string[];

/** What holds after a kill: all that was acknowledged, nothing half-made, no temp file; and the rest can be sent again. */
async function expectWhole(pictures: readonly Buffer[], acknowledged: ReadonlyMap<string, string>): Promise<void> {
  await server.kill();
  server = await startProcess(dataDir);
  expect(await filesIn('tmp')).toEqual([]);
  const sent = new Set(everything.map(sha256));
  const found = await readLibrary(sent);
  const held = [...acknowledged].filter(([hash, id]) => found.get(hash) === id).length;
  const what = 'photos answered before the server was killed, among uploads and at their steps';
  countPromise({ promise: 1, what, tried: acknowledged.size, held });
  expect(held).toBe(acknowledged.size);
  const rest = pictures.filter((bytes) => !acknowledged.has(sha256(bytes)));
  const again = await sendAll(rest);
  expect(again.size).toBe(rest.length);
  expect(new Set((await readLibrary(sent)).keys())).toEqual(sent);
  expect(await filesIn('tmp')).toEqual([]);
}

/** All that was ever sent to this library. */
const everything: Buffer[] = [];
async function prepare(count: number): Promise<Buffer[]> {
  const pictures = await Promise.all(Array.from({ length: count }, makePicture));
  everything.push(...pictures);
  return pictures;
}

describe('a server that is killed', () => {
  test.each(Array.from({ length: rounds }, (_, round) => round))(
    'among many uploads, round %i',
    async (round) => {
      const pictures = await prepare(Math.ceil(photos / rounds));
      // Somewhere between the first and the last answer.
      const killAt = 1 + Math.floor(((round * 7) % 10) * 0.1 * (pictures.length - atOnce));
      const acknowledged = await sendAll(pictures, (count) => {
        if (count === killAt) void server.kill();
      });
      expect(acknowledged.size).toBeLessThan(pictures.length);
      await expectWhole(pictures, acknowledged);
    },
    eachWithin,
  );

  /** What the data folder shows when an upload has come to a step; the server knows nothing of being watched. */
  const steps: Record<string, (before: Set<string>) => boolean> = {
    'writing the temp file': () => list('tmp').some((name) => name.endsWith('.part')),
    decoding: () => list('tmp').some((name) => name.endsWith('.parts')),
    'writing derivatives': () => list('tmp').some((name) => name.includes('.parts/')),
    'renaming the original': (before) => list('originals').some((name) => isBlob(name) && !before.has(name)),
    'renaming derivatives': (before) => list('derivatives').some((name) => isBlob(name) && !before.has(name)),
  };
  const list = (folder: string): string[] => {
    try {
      return readdirSync(path.join(dataDir, folder), { recursive: true }) as string[];
    } catch {
      // A folder that went while it was read.
      return [];
    }
  };
  const isBlob = (name: string): boolean => /[0-9a-f]{64}/.test(name);

  test.each(Object.entries(steps))(
    'when an upload is at %s',
    async (_, isThere) => {
      for (let round = 0; round < scale(1, 5); round += 1) {
        const pictures: Buffer[] = [];
        const acknowledged = new Map<string, string>();
        for (let isMet = false; !isMet; ) {
          const next = await prepare(3);
          const before = new Set([...list('originals'), ...list('derivatives')]);
          let isOver = false;
          const sending = sendAll(next).finally(() => {
            isOver = true;
          });
          // A step is short: when all were over before it was seen, it is looked for with the next ones.
          do {
            isMet = isThere(before);
            if (!isMet) await turn();
          } while (!isMet && !isOver);
          // A little later every time, so that what lies between two steps is met as well.
          if (isMet && round > 0) await sleep(round);
          if (isMet) await server.kill();
          pictures.push(...next);
          for (const [hash, id] of await sending) acknowledged.set(hash, id);
        }
        await expectWhole(pictures, acknowledged);
      }
    },
    eachWithin,
  );

  test(
    'at the moment of the answer',
    async () => {
      const pictures = await prepare(3);
      const acknowledged = await sendAll(pictures, () => void server.kill());
      expect(acknowledged.size).toBeGreaterThan(0);
      await expectWhole(pictures, acknowledged);
    },
    eachWithin,
  );
});
