import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createImaging, type Imaging } from '#platform/imaging/index.ts';
import { describeBackend } from './backend.test-suite.ts';
import type { Batch, BatchEvent } from './backend.ts';
import { createProceduralBackend, painter } from './procedural.ts';

let imaging: Imaging;
let workDir: string;
beforeAll(async () => {
  imaging = createImaging({ processes: 1 });
  workDir = await mkdtemp(join(tmpdir(), 'painter-'));
});
afterAll(async () => {
  imaging.close();
  await rm(workDir, { recursive: true, force: true });
});

describeBackend('the painter', async () => createProceduralBackend({ imaging }));

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const out: Item[] = [];
  for await (const item of items) out.push(item);
  return out;
}

describe('the painter', () => {
  const never = new AbortController().signal;
  const batchOf = (changes: Partial<Batch>): Batch => ({
    id: crypto.randomUUID(),
    prompt: 'a lighthouse at dusk',
    negativePrompt: '',
    model: painter,
    vae: null,
    sampling: { ...painter.defaults, width: 256, height: 256 },
    seeds: [1],
    source: null,
    ...changes,
  });

  async function paint(changes: Partial<Batch>): Promise<BatchEvent[]> {
    const backend = createProceduralBackend({ imaging });
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    return collected(backend.follow(batchOf(changes), context));
  }

  const fileOf = (events: BatchEvent[]) =>
    readFile((events.find((event) => event.kind === 'made') as Extract<BatchEvent, { kind: 'made' }>).image);

  it('makes the same file of the same seed, byte for byte, in another process too', async () => {
    const first = await fileOf(await paint({}));
    const other = createImaging({ processes: 1 });
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    const again = await collected(createProceduralBackend({ imaging: other }).follow(batchOf({}), context));
    expect((await fileOf(again)).equals(first)).toBe(true);
    other.close();
  });

  it('writes into the file that an algorithm made it, of what and by which numbers', async () => {
    const file = await fileOf(
      await paint({ prompt: 'Fog & <rain>\u0007 "here"', negativePrompt: 'boats', seeds: [4294967295] }),
    );
    const { xmpAsString = '', format } = await sharp(file).metadata();
    expect(format).toBe('jpeg');
    expect(xmpAsString).toContain(
      'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"',
    );
    expect(xmpAsString).toContain('>Fog &amp; &lt;rain&gt; &quot;here&quot;</rdf:li>');
    for (const part of ['painter:seed="4294967295"', 'painter:steps="30"', 'painter:negativePrompt="boats"']) {
      expect(xmpAsString).toContain(part);
    }
  });

  it('shows pictures that sharpen', async () => {
    const events = await paint({ sampling: { ...painter.defaults, width: 512, height: 512 } });
    const previews = events.flatMap((event) => (event.kind === 'progress' && event.preview ? [event.preview] : []));
    expect(previews.length).toBeGreaterThanOrEqual(4);
    const sharpness = await Promise.all(
      previews.map(async (preview) => {
        const { data, info } = await sharp(preview).greyscale().raw().toBuffer({ resolveWithObject: true });
        let steps = 0;
        for (let at = 1; at < data.length; at++) steps += ((data[at] as number) - (data[at - 1] as number)) ** 2;
        expect(Math.max(info.width, info.height)).toBeLessThanOrEqual(256);
        return steps / data.length;
      }),
    );
    expect(sharpness.at(-1)).toBeGreaterThan((sharpness[0] as number) * 1.3);
  });

  it('says what is wrong with a picture to start from, and with a size', async () => {
    const broken = join(workDir, 'broken.jpg');
    await sharp({ create: { width: 20, height: 20, channels: 3, background: 'red' } })
      .gif()
      .toFile(broken);
    await rm(broken);
    const events = await paint({ source: { path: broken, strength: 0.5 } });
    expect(events.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'invokeai_generation_error' } });
    await expect(paint({ sampling: { ...painter.defaults, width: 250 } })).rejects.toMatchObject({
      code: 'invokeai_graph_error',
    });
  });

  it('paints when the server was told to stop and started again, once its processes are back', async () => {
    const closing = createImaging({ processes: 1 });
    closing.close();
    const context = { ticket: null, settled: new Set<number>(), workDir, signal: never };
    const following = collected(createProceduralBackend({ imaging: closing }).follow(batchOf({}), context));
    await expect(following).rejects.toMatchObject({ code: 'invokeai_connection_error', isTransient: true });
  });
});
