import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { z } from 'zod';
import type { Spoil } from './invoke-faults.ts';
import { paintPng } from './paint-png.ts';

const size = z.string().regex(/^\d+x\d+$/);
const model = z.string().min(1);
const prompt = z.string().min(1);

/** What is sent for a picture, with nothing beside it. */
const generation = z.strictObject({
  ...{ model, prompt, size, n: z.int().min(1).max(10) },
  response_format: z.enum(['url', 'b64_json']).optional(),
});

const edit = z.strictObject({
  ...{ model, prompt, size, n: z.string().regex(/^\d$/), image: z.instanceof(File) },
  response_format: z.enum(['url', 'b64_json']).optional(),
});

export interface OpenAiSimulator {
  /** With the path that its interface stands under. */
  readonly url: string;
  readonly problems: string[];
  readonly requests: string[];
  readonly models: string[];
  faults: {
    spoil: (request: { method: string; path: string }) => Spoil;
    /** Sends an address in place of the bytes. */
    address: string | null;
    bytes: Buffer | null;
    paceMs: number;
  };
  close(): Promise<void>;
}

/** Simulates a server that speaks OpenAI's image API, and refuses what it does not know. */
export async function createOpenAiSimulator(options: { key?: string; paceMs?: number } = {}): Promise<OpenAiSimulator> {
  const problems: string[] = [];
  const requests: string[] = [];
  const models = ['flux-dev', 'gpt-image-1', 'gpt-5', 'text-embedding-3'];
  let painted = 0;
  const faults: OpenAiSimulator['faults'] = {
    spoil: () => null,
    address: null,
    bytes: null,
    paceMs: options.paceMs ?? 1,
  };

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
    const bytes = await buffer(request);
    const say = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    const refuse = (status: number, code: string, message: string) => {
      if (status === 400) problems.push(message);
      return say(status, { error: { message, type: 'invalid_request_error', param: null, code } });
    };
    if (path === '/images/one.png') return response.end(faults.bytes);
    const spoiled = faults.spoil({ method, path });
    if (spoiled === 'silence') return;
    if (spoiled === 'drop') return request.socket.destroy();
    if (spoiled) return say(spoiled.status, spoiled.body ?? {}, spoiled.headers);
    if (options.key && request.headers.authorization !== `Bearer ${options.key}`) {
      return refuse(401, 'invalid_api_key', 'Incorrect API key provided');
    }
    if (method === 'GET' && path === '/v1/models') {
      return say(200, {
        object: 'list',
        data: models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'x' })),
      });
    }
    if (method !== 'POST' || !/^\/v1\/images\/(generations|edits)$/.test(path)) return refuse(404, 'unknown_url', path);
    const isEdit = path.endsWith('edits');
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    const given: unknown = isEdit
      ? Object.fromEntries(await new Response(new Uint8Array(bytes), { headers }).formData())
      : JSON.parse(bytes.toString());
    const read = (isEdit ? edit : generation).safeParse(given);
    if (!read.success) return refuse(400, 'invalid_value', z.prettifyError(read.error));
    const asked = read.data;
    if (!models.includes(asked.model)) return refuse(404, 'model_not_found', `The model ${asked.model} does not exist`);
    const isOwn = asked.model.startsWith('gpt-image');
    if (isOwn && asked.response_format) return refuse(400, 'unknown_parameter', 'Unknown parameter: response_format');
    await sleep(faults.paceMs);
    const [width = 0, height = 0] = asked.size.split('x').map(Number);
    const source = 'image' in asked ? Buffer.from(await asked.image.arrayBuffer()) : null;
    const from = source && (await sharp(source).resize({ width, height, fit: 'cover' }).png().toBuffer());
    const picture = faults.bytes ?? (await paintPng({ width, height }, ++painted, { from }));
    const base64 = { b64_json: picture.toString('base64') };
    const isBase64 = isOwn || asked.response_format === 'b64_json';
    if (!isBase64 || faults.address !== null)
      return say(200, { created: 1, data: [{ url: faults.address ?? 'none' }] });
    return say(200, { created: 1, data: [base64] });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    ...{ problems, requests, models, faults },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
