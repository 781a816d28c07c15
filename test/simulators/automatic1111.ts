import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { z } from 'zod';
import type { Spoil } from './invoke-faults.ts';
import { paintPng } from './paint-png.ts';

const picture = {
  ...{ prompt: z.string(), negative_prompt: z.string(), seed: z.int().min(-1), sampler_name: z.string() },
  ...{
    width: z.int().multipleOf(8),
    height: z.int().multipleOf(8),
    steps: z.int().min(1).max(150),
    cfg_scale: z.number().min(1),
  },
  ...{ batch_size: z.int().min(1), n_iter: z.int().min(1), force_task_id: z.string().optional() },
  override_settings: z.strictObject({ sd_model_checkpoint: z.string() }),
  override_settings_restore_afterwards: z.boolean(),
  ...{
    send_images: z.boolean(),
    save_images: z.boolean(),
    do_not_save_samples: z.boolean(),
    do_not_save_grid: z.boolean(),
  },
};

const txt2img = z.strictObject(picture);

const img2img = z.strictObject({
  ...picture,
  init_images: z.array(z.string()).min(1),
  denoising_strength: z.number().min(0).max(1),
  resize_mode: z.int().min(0).max(3),
});

export interface Automatic1111Simulator {
  readonly url: string;
  readonly problems: string[];
  readonly requests: string[];
  readonly models: string[];
  readonly interrupts: string[];
  faults: {
    spoil: (request: { method: string; path: string }) => Spoil;
    paceMs: number;
    image: Buffer | null;
    /** Takes another seed than it is told. */
    seed: number | null;
    /** Whose picture it says is being made. */
    currentTask: 'own' | 'of somebody else' | 'not told';
  };
  close(): Promise<void>;
}

/** Simulates a Stable Diffusion web UI with its API: one picture at a time, and its answer when it is made. */
export async function createAutomatic1111Simulator(
  options: { paceMs?: number; account?: string } = {},
): Promise<Automatic1111Simulator> {
  const problems: string[] = [];
  const requests: string[] = [];
  const interrupts: string[] = [];
  const models = ['dreamshaper_8', 'juggernautXL_v9'];
  const faults: Automatic1111Simulator['faults'] = {
    ...{ spoil: () => null, paceMs: options.paceMs ?? 1, image: null, seed: null, currentTask: 'own' },
  };
  let task: string | null = null;
  let done = 0;
  let isInterrupted = false;
  let queue: Promise<unknown> = Promise.resolve();
  const preview = (
    await sharp({ create: { width: 32, height: 32, channels: 3, background: '#335' } })
      .png()
      .toBuffer()
  ).toString('base64');

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      problems.push(`the simulator failed: ${error}`);
      response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const path = request.url ?? '';
    const method = request.method ?? '';
    requests.push(`${method} ${path}`);
    const text = (await buffer(request)).toString();
    const say = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const spoiled = faults.spoil({ method, path });
    if (spoiled === 'silence') return;
    if (spoiled === 'drop') return request.socket.destroy();
    if (spoiled) return say(spoiled.status, spoiled.body ?? {});
    const basic = options.account && `Basic ${Buffer.from(options.account).toString('base64')}`;
    if (basic && request.headers.authorization !== basic) return say(401, { detail: 'Incorrect username or password' });
    const route = `${method} ${path}`;
    if (route === 'GET /sdapi/v1/sd-models') {
      const list = models.map((name) => ({ title: `${name}.safetensors [0123456789]`, model_name: name }));
      return say(
        200,
        list.map((each) => ({ ...each, hash: '0123456789', sha256: null, filename: '/models/x' })),
      );
    }
    if (route === 'GET /sdapi/v1/samplers')
      return say(
        200,
        ['DPM++ 2M', 'Euler'].map((name) => ({ name, aliases: [], options: {} })),
      );
    if (route === 'GET /sdapi/v1/progress') return say(200, progressNow());
    if (route === 'POST /sdapi/v1/interrupt') {
      interrupts.push(task ?? 'nobody');
      isInterrupted = true;
      return say(200, {});
    }
    const isImg2Img = route === 'POST /sdapi/v1/img2img';
    if (!isImg2Img && route !== 'POST /sdapi/v1/txt2img') return say(404, { detail: 'Not Found' });
    const read = (isImg2Img ? img2img : txt2img).safeParse(JSON.parse(text));
    if (!read.success) {
      problems.push(z.prettifyError(read.error));
      return say(422, { detail: z.prettifyError(read.error) });
    }
    const turn = queue.then(() => paint(read.data));
    queue = turn.catch(() => {});
    const { bytes, seed } = await turn;
    const { init_images: _images, ...parameters } = read.data as z.infer<typeof img2img>;
    say(200, { images: [bytes.toString('base64')], parameters, info: JSON.stringify({ seed, all_seeds: [seed] }) });
  }

  function progressNow() {
    const state = { skipped: false, interrupted: isInterrupted, job: 'scripts_txt2img', job_count: 1, job_no: 0 };
    const told = { own: task, 'of somebody else': 'task(other)', 'not told': undefined }[faults.currentTask];
    const steps = { sampling_step: Math.round(done * 10), sampling_steps: 10 };
    return {
      progress: done,
      eta_relative: 1,
      state: { ...state, ...steps },
      current_image: preview,
      textinfo: null,
      current_task: told,
    };
  }

  async function paint(asked: z.infer<typeof txt2img> | z.infer<typeof img2img>) {
    task = asked.force_task_id ?? 'unnamed';
    isInterrupted = false;
    for (let step = 0; step < 10 && !isInterrupted; step++) {
      done = step / 10;
      await sleep(faults.paceMs / 10);
    }
    const { width, height } = asked;
    const source = 'init_images' in asked ? Buffer.from(asked.init_images[0]?.split(',').at(-1) ?? '', 'base64') : null;
    const fit = 'resize_mode' in asked && asked.resize_mode === 1 ? 'cover' : 'fill';
    const from = source && (await sharp(source).resize({ width, height, fit }).png().toBuffer());
    const seed = faults.seed ?? asked.seed;
    const bytes =
      faults.image ??
      (await paintPng({ width, height }, seed, { from, text: { parameters: `${asked.prompt}\nSeed: ${seed}` } }));
    task = null;
    done = 0;
    return { bytes, seed };
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ problems, requests, models, interrupts, faults },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
