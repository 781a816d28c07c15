import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectImage } from './inspect-image.ts';
import { paintPicture } from './paint/paint-picture.ts';
import { PAINTER_KEY } from './paint/paint-request.ts';
import { paintingXmp } from './paint/painting-xmp.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tintype-making-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plain = () => sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } });

/** A PNG with text chunks behind its header, as programs write them: Latin-1 in tEXt, all else in iTXt. */
async function withTexts(texts: Record<string, string>): Promise<Buffer> {
  const png = await plain().png().toBuffer();
  const chunks = Object.entries(texts).map(([keyword, text]) => {
    const type = Buffer.from('iTXt');
    const data = Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text)]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(Buffer.concat([type, data])));
    return Buffer.concat([length, type, data, sum]);
  });
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
}

/** A TIFF of one Exif text, as the web UI puts it into JPEG and WebP. */
function userComment(text: string): Buffer {
  const value = Buffer.concat([Buffer.from('UNICODE\0'), Buffer.from(text, 'utf16le').swap16()]);
  const tiff = Buffer.alloc(44);
  tiff.write('MM\0*', 'latin1');
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(1, 8);
  tiff.writeUInt16BE(0x8769, 10);
  tiff.writeUInt16BE(4, 12);
  tiff.writeUInt32BE(1, 14);
  tiff.writeUInt32BE(26, 18);
  tiff.writeUInt16BE(1, 26);
  tiff.writeUInt16BE(0x9286, 28);
  tiff.writeUInt16BE(7, 30);
  tiff.writeUInt32BE(value.length, 32);
  tiff.writeUInt32BE(44, 36);
  return Buffer.concat([tiff, value]);
}

async function withExif(tiff: Buffer): Promise<Buffer> {
  const jpeg = await plain().jpeg().toBuffer();
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(tiff.length + 8, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, Buffer.from('Exif\0\0'), tiff, jpeg.subarray(2)]);
}

const marked = (term: string) =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/${term}</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>`;

let files = 0;
async function making(bytes: Buffer) {
  files += 1;
  const path = join(folder, String(files));
  await writeFile(path, bytes);
  return (await inspectImage(path, 1e8)).metadata.making;
}

const webUi = `a lighthouse, (storm:1.2), 8k
second line
Negative prompt: people, text
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 3141592653, Size: 832x1216, Model hash: 6ce0161689, Model: "juggernaut, xl", Denoising strength: 0.45, Version: v1.10.1`;

describe('what programs write into their files', () => {
  const fromWebUi = {
    digitalSource: 'compositeWithTrainedAlgorithmicMedia',
    tool: 'Stable Diffusion web UI',
    prompt: 'a lighthouse, (storm:1.2), 8k\nsecond line',
    negativePrompt: 'people, text',
    modelHash: '6ce0161689',
    modelName: 'juggernaut, xl',
    seed: 3141592653,
    steps: 28,
    cfgScale: 6.5,
    scheduler: 'DPM++ 2M Karras',
    width: 832,
    height: 1216,
    strength: 0.45,
  };

  test('Stable Diffusion web UI, in PNG', async () => {
    expect(await making(await withTexts({ parameters: webUi }))).toEqual(fromWebUi);
  });

  test('Stable Diffusion web UI, in JPEG', async () => {
    expect(await making(await withExif(userComment(webUi)))).toEqual(fromWebUi);
  });

  test('without a negative prompt, and with no prompt at all', async () => {
    const settings = 'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512';
    expect(await making(await withTexts({ parameters: `a fox\n${settings}` }))).toEqual({
      digitalSource: 'trainedAlgorithmicMedia',
      tool: 'Stable Diffusion web UI',
      prompt: 'a fox',
      seed: 1,
      steps: 20,
      cfgScale: 7,
      scheduler: 'Euler a',
      width: 512,
      height: 512,
    });
    expect(await making(await withTexts({ parameters: settings }))).not.toHaveProperty('prompt');
  });

  test('InvokeAI', async () => {
    const said = {
      app_version: '6.14.0',
      generation_mode: 'sdxl_txt2img',
      positive_prompt: 'an owl of ink',
      negative_prompt: '',
      width: 1024,
      height: 1024,
      seed: 42,
      cfg_scale: 7.5,
      steps: 30,
      scheduler: 'euler',
      model: { key: 'a-key', hash: 'blake3:abc', name: 'SDXL', base: 'sdxl', type: 'main' },
    };
    expect(await making(await withTexts({ invokeai_metadata: JSON.stringify(said) }))).toEqual({
      digitalSource: 'trainedAlgorithmicMedia',
      tool: 'InvokeAI',
      prompt: 'an owl of ink',
      modelKey: 'a-key',
      modelHash: 'blake3:abc',
      modelName: 'SDXL',
      seed: 42,
      steps: 30,
      cfgScale: 7.5,
      scheduler: 'euler',
      width: 1024,
      height: 1024,
    });
  });

  test('ComfyUI: along the links of its graph', async () => {
    const graph = {
      3: {
        class_type: 'KSampler',
        inputs: {
          seed: ['12', 0],
          steps: 25,
          cfg: 5,
          sampler_name: 'dpmpp_2m',
          scheduler: 'karras',
          denoise: 1,
          model: ['10', 0],
          positive: ['6', 0],
          negative: ['7', 0],
          latent_image: ['5', 0],
        },
      },
      4: { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'sd_xl_base_1.0.safetensors' } },
      5: { class_type: 'EmptyLatentImage', inputs: { width: 1216, height: 832, batch_size: 1 } },
      6: { class_type: 'CLIPTextEncode', inputs: { text: ['11', 0], clip: ['10', 1] } },
      7: { class_type: 'CLIPTextEncode', inputs: { text: 'blurry', clip: ['10', 1] } },
      10: { class_type: 'LoraLoader', inputs: { lora_name: 'paper', model: ['4', 0], clip: ['4', 1] } },
      11: { class_type: 'PrimitiveString', inputs: { value: 'a paper boat' } },
      12: { class_type: 'PrimitiveInt', inputs: { value: 77 } },
    };
    const told = await making(await withTexts({ prompt: JSON.stringify(graph), workflow: '{}' }));
    expect(told).toEqual({
      digitalSource: 'trainedAlgorithmicMedia',
      tool: 'ComfyUI',
      prompt: 'a paper boat',
      negativePrompt: 'blurry',
      modelName: 'sd_xl_base_1.0.safetensors',
      seed: 77,
      steps: 25,
      cfgScale: 5,
      scheduler: 'dpmpp_2m karras',
      width: 1216,
      height: 832,
      strength: 1,
    });
  });

  test.each(['trainedAlgorithmicMedia', 'digitalCapture', 'algorithmicMedia'])(
    'the mark %s, of any program',
    async (term) => {
      for (const format of ['jpeg', 'png', 'webp', 'avif'] as const) {
        expect(await making(await plain()[format]().withXmp(marked(term)).toBuffer())).toEqual({ digitalSource: term });
      }
    },
  );

  test('nothing is made up where nothing is told', async () => {
    expect(await making(await plain().jpeg().toBuffer())).toBe(null);
    expect(await making(await withTexts({ Comment: 'a holiday', Software: 'a program' }))).toBe(null);
  });
});

describe('what the painter writes into its files', () => {
  const request = {
    prompt: 'a lake & "two" <boats>\nat dusk',
    negativePrompt: 'people',
    seed: 4294967295,
    width: 256,
    height: 256,
    steps: 2,
    cfgScale: 7.5,
    source: null,
  };

  test('is read when such a file comes in', async () => {
    const outPath = join(folder, 'painted.jpg');
    await paintPicture({ ...request, outPath }, () => {});
    expect((await inspectImage(outPath, 1e8)).metadata.making).toEqual({
      digitalSource: 'algorithmicMedia',
      tool: 'the painter',
      prompt: request.prompt,
      negativePrompt: 'people',
      modelKey: PAINTER_KEY,
      modelName: 'The painter',
      seed: 4294967295,
      steps: 2,
      cfgScale: 7.5,
    });
  });

  test('is believed as far as it is possible', async () => {
    const lineage = { prompts: ['a lake'], seed: 1, colours: 1 };
    const xmp = paintingXmp({ ...request, steps: -4, seed: 0.5, outPath: '' }, lineage).replace(
      'cfgScale="',
      'cfgScale="x',
    );
    expect(await making(await plain().withXmp(xmp).jpeg().toBuffer())).toEqual({
      digitalSource: 'algorithmicMedia',
      tool: 'the painter',
      prompt: request.prompt,
      negativePrompt: 'people',
      modelKey: PAINTER_KEY,
      modelName: 'The painter',
    });
  });
});

describe('what is damaged, or meant to do harm', () => {
  const loop = {
    1: { class_type: 'KSampler', inputs: { steps: 1, positive: ['2', 0], model: ['2', 0] } },
    2: { class_type: 'x', inputs: { a: ['2', 0], b: ['1', 0] } },
  };
  test.each([
    { invokeai_metadata: '{"positive_prompt":' },
    { invokeai_metadata: '[]' },
    { invokeai_metadata: 'null' },
    { prompt: '{"1":' },
    { prompt: '{"1":{"class_type":"x","inputs":{}}}' },
    { prompt: 'a text that is no graph' },
    { parameters: 'a text without settings' },
    { parameters: `x\nSteps: ${'9'.repeat(400)}` },
    { parameters: 'x'.repeat(2 ** 20 + 1) },
    // Whatever stands between the settings is read once, however long it is.
    { parameters: `x\nSteps: 0,${' '.repeat(2 ** 19)}1${', "'.repeat(2 ** 16)}` },
  ])('%j', async (texts) => {
    const told = await making(await withTexts(texts as unknown as Record<string, string>));
    expect([null, 'x']).toContain(told?.prompt ?? null);
    expect(told?.steps).toBe(undefined);
  });

  test('a graph that goes round in circles comes to an end', async () => {
    expect(await making(await withTexts({ prompt: JSON.stringify(loop) }))).toMatchObject({
      tool: 'ComfyUI',
      steps: 1,
    });
  });

  test('values of the wrong kind are left out, and long ones are cut', async () => {
    const said = {
      positive_prompt: 'p'.repeat(9000),
      seed: '7',
      steps: -1,
      cfg_scale: null,
      width: 1.5,
      scheduler: { a: 1 },
    };
    const told = await making(await withTexts({ invokeai_metadata: JSON.stringify(said) }));
    expect(told).toEqual({ digitalSource: 'trainedAlgorithmicMedia', tool: 'InvokeAI', prompt: 'p'.repeat(4000) });
  });
});
