import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createImaging, type Imaging, type PaintProgress, type PaintRequest } from './index.ts';

let dir: string;
let imaging: Imaging;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'painting-'));
  imaging = createImaging({ processes: 1 });
});
afterEach(async () => {
  imaging.close();
  await rm(dir, { recursive: true });
});

const request = (changes: Partial<PaintRequest> = {}): PaintRequest => ({
  prompt: 'a lake',
  negativePrompt: '',
  seed: 1,
  width: 256,
  height: 256,
  steps: 30,
  cfgScale: 7.5,
  source: null,
  outPath: join(dir, 'painted.jpg'),
  ...changes,
});
const ignore = () => {};
const red = async () => {
  const path = join(dir, 'red.png');
  await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } }).toFile(path);
  return path;
};

test('uploads do not wait for a painting, and one painting waits for another', async () => {
  const ended: string[] = [];
  const first = imaging.paint(request({ width: 1024, height: 1024 }), ignore).then(() => ended.push('first'));
  const second = imaging.paint(request({ outPath: join(dir, 'second.jpg') }), ignore).then(() => ended.push('second'));
  await imaging.ingest({ path: await red(), outDir: dir });
  // The one process for uploads has worked beside the one that paints, which nobody else is given.
  expect(imaging.pids()).toHaveLength(2);
  await Promise.all([first, second]);
  expect(ended).toEqual(['first', 'second']);
  expect(imaging.pids()).toHaveLength(2);
});

test('one who yields is painted for after all others, also those that come later', async () => {
  const ended: string[] = [];
  const paint = (name: string, yields: boolean) =>
    imaging
      .paint(request({ outPath: join(dir, `${name}.jpg`) }), ignore, undefined, { yields })
      .then(() => ended.push(name));
  await Promise.all([paint('first', false), paint('visitor', true), paint('second', false), paint('third', false)]);
  expect(ended).toEqual(['first', 'second', 'third', 'visitor']);
});

test('whoever waits is told of their turn when it comes, before anything is painted', async () => {
  const heard: string[] = [];
  const paint = (name: string) =>
    imaging.paint(
      request({ outPath: join(dir, `${name}.jpg`) }),
      () => heard.push(`${name} is on its way`),
      undefined,
      {
        onTurn: () => heard.push(`${name} has its turn`),
      },
    );
  await Promise.all([paint('first'), paint('second')]);
  const order = heard.filter((one, at) => heard.indexOf(one) === at);
  expect(order).toEqual(['first', 'second'].flatMap((name) => [`${name} has its turn`, `${name} is on its way`]));
});

test('whoever paints gives way to everybody else', async () => {
  await imaging.paint(request(), ignore);
  expect(getPriority(imaging.pids()[0])).toBe(15);
});

test('a painting that is given up ends its process, and the next has another', async () => {
  const leaving = new AbortController();
  const told: PaintProgress[] = [];
  const doomed = imaging.paint(
    request({ width: 1024, height: 1024 }),
    (progress) => {
      told.push(progress);
      leaving.abort(new Error('no longer wanted'));
    },
    leaving.signal,
  );
  await expect(doomed).rejects.toThrow('no longer wanted');
  expect(told.length).toBeGreaterThan(0);
  await expect(imaging.paint(request(), ignore)).resolves.toMatchObject({ width: 256, height: 256 });
});

test('a picture to start from is held against what uploads are', async () => {
  const drawing = join(dir, 'drawing.png');
  await writeFile(drawing, '<svg xmlns="http://www.w3.org/2000/svg"/>');
  const from = (path: string) => imaging.paint(request({ source: { path, strength: 0.5 } }), ignore);
  await expect(from(drawing)).rejects.toMatchObject({ code: 'unsupported_media_type' });
  const half = join(dir, 'half.jpg');
  const whole = await sharp(await red())
    .resize(400, 400)
    .jpeg()
    .toBuffer();
  await writeFile(half, whole.subarray(0, whole.length / 2));
  await expect(from(half)).rejects.toMatchObject({ status: expect.any(Number) });
  await expect(from(await red())).resolves.toMatchObject({ width: 256 });
});

test('a full disk says so, and what is written is a whole file', async () => {
  await symlink('/dev/full', join(dir, 'full.jpg'));
  await expect(imaging.paint(request({ outPath: join(dir, 'full.jpg') }), ignore)).rejects.toMatchObject({
    code: 'storage_full',
  });
  const { path, bytes } = await imaging.paint(request(), ignore);
  expect((await readFile(path)).length).toBe(bytes);
});
