import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { Server as SocketServer } from 'socket.io';
import type { Faults } from './invoke-faults.ts';
import { createGraphChecker } from './invoke-graph.ts';
import { makeModels, type SimulatedModel } from './invoke-models.ts';
import { createSimulatedQueue, type EnqueueBody, isEnded, type SimulatedItem, secondsOf } from './invoke-queue.ts';
import type { StoredImage } from './invoke-run.ts';
import { createDocumentValidator, readDocument } from './openapi.ts';

export interface SimulatedUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  isActive: boolean;
}

export interface SimulatorOptions {
  readonly users?: SimulatedUser[];
  /** Has accounts, and none of an administrator yet. */
  readonly needsSetup?: boolean;
  /** Of before 6.12: no accounts, no item_ids, and a list in pages. */
  readonly isOld?: boolean;
  readonly paceMs?: number;
}

export interface InvokeAiSimulator {
  readonly url: string;
  readonly faults: Faults;
  /** What was sent that the document does not allow, or that was answered so. Empty as long as nobody is mistaken. */
  readonly problems: string[];
  readonly requests: string[];
  readonly items: SimulatedItem[];
  readonly images: Map<string, StoredImage>;
  readonly models: SimulatedModel[];
  /** How many sockets listen. */
  listeners(): number;
  /** Ends what is in progress, as a restart does, and all connections. */
  restart(): void;
  /** Forgets what has ended. */
  prune(): void;
  /** Signs everybody out. */
  expireTokens(): void;
  /** Starts it anew as a machine does: told by its environment whether it has accounts, with what its disk has kept, or nothing. */
  boot(how: { readonly env: Readonly<Record<string, string>>; readonly isFresh: boolean }): void;
  /** Its machine is off: what answers is the gateway before it. */
  shutDown(): void;
  /** Puts a batch of somebody else in the queue. */
  addForeign(destination: string | null): SimulatedItem;
  close(): Promise<void>;
}

/** Where the document is not beside the checkout there is nothing to hold requests against. */
export const invokeAiDocument = readDocument('invokeai-6.14-openapi.json');

/** Unions of hundreds: nodes are checked one by one, by their type; models when they are made up. */
const open = ['Graph.nodes', 'GraphExecutionState.results', 'ModelsList.models'];

let shared: ReturnType<typeof makeChecks> | null = null;
function makeChecks() {
  if (!invokeAiDocument) throw new Error('shared/data/invokeai-6.14-openapi.json is not beside the checkout');
  const validator = createDocumentValidator(invokeAiDocument, open);
  return { validator, checker: createGraphChecker(validator) };
}

/** What requests are held against, compiled once for all simulators of a process. */
export const invokeAiChecks = () => (shared ??= makeChecks());

/** A small JPEG, as previews come. */
const previewOf = async () => {
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: '#446' } });
  return `data:image/jpeg;base64,${(await image.jpeg().toBuffer()).toString('base64')}`;
};

/** Simulates an InvokeAI: a real server that answers as one does, paints flat pictures, and refuses what the document does not allow. */
export async function createInvokeAiSimulator(options: SimulatorOptions = {}): Promise<InvokeAiSimulator> {
  const { validator, checker } = invokeAiChecks();
  const { isOld = false } = options;
  const users = options.users ?? [];
  let needsSetup = options.needsSetup ?? false;
  let isOff = false;
  const faults: Faults = {
    spoil: () => null,
    loseAnswers: 0,
    lateMs: 0,
    hasItemIds: !isOld,
    image: 'whole',
    room: 10_000,
    failItem: () => null,
    paceMs: options.paceMs ?? 5,
    preview: await previewOf(),
  };
  const models = makeModels();
  const problems: string[] = [];
  for (const { schema, ...model } of models) {
    if (schema) problems.push(...validator.value({ $ref: `#/components/schemas/${schema}` }, model));
  }
  const requests: string[] = [];
  const images = new Map<string, StoredImage>();
  const tokens = new Map<string, SimulatedUser>();
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      problems.push(`the simulator failed: ${error}`);
      response.destroy();
    });
  });
  const sockets = new SocketServer(server, { path: '/ws/socket.io' });
  // Machines that are told apart by the path, as by the host elsewhere, are this one.
  const enter = (request: IncomingMessage) => {
    request.url = request.url?.replace(/^\/pod[0-9a-f]{8}(?=\/)/, '');
  };
  for (const event of ['request', 'upgrade']) server.prependListener(event, enter);
  const queue = createSimulatedQueue({
    ...{ faults, images, models, checker },
    tell: (room, event, what) => void sockets.to(room).emit(event, what),
  });
  const { items } = queue;

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const method = request.method ?? 'GET';
    requests.push(`${method} ${url.pathname}`);
    const bytes = await buffer(request);
    const say = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      if (status < 300) problems.push(...ownProblems({ method, url }, status, body));
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    const spoiled = await faults.spoil({ method, path: url.pathname });
    if (spoiled === 'silence') return;
    if (spoiled === 'drop') return void request.socket.destroy();
    if (spoiled) return say(spoiled.status, spoiled.body ?? { detail: 'spoiled' }, spoiled.headers);
    if (isOff) return say(502, 'Bad Gateway');

    const [contentType = null] = request.headers['content-type']?.split(';') ?? [];
    const form = contentType === 'multipart/form-data' ? await readForm(request, bytes) : null;
    const body = form ? [...form.keys()] : contentType ? JSON.parse(bytes.toString() || 'null') : null;
    if (!isOfOld(url)) {
      const found = validator.request({ method, url, contentType, body });
      if (found.length > 0) return refuse(say, found);
    }
    const viewer = viewerOf(request, url);
    if (viewer === null) return say(401, { detail: 'Invalid authentication credentials' });
    const refreshed: Record<string, string> =
      viewer !== 'system' && method !== 'GET' ? { 'x-refreshed-token': sign(viewer) } : {};
    const reply: Reply = (status, value, headers = {}) => say(status, value, { ...refreshed, ...headers });
    const route = routes.find((each) => each.method === method && each.path.test(url.pathname));
    if (!route) return reply(404, { detail: 'Not Found' });
    const [, id = ''] = route.path.exec(url.pathname) ?? [];
    await route.handle({ id: decodeURIComponent(id), url, body, form, viewer, request, response, reply });
  }

  /** The list of old versions stands in no document that is here. */
  const isOfOld = ({ pathname }: URL): boolean => /\/default\/list$/.test(pathname);

  const ownProblems = (what: { method: string; url: URL }, status: number, body: unknown): string[] => {
    const lacksIds = /enqueue_batch$/.test(what.url.pathname) && !faults.hasItemIds;
    if (lacksIds || isOfOld(what.url)) return [];
    return validator.answer(what, status, body).map((each) => `the simulator answered ${what.url.pathname}: ${each}`);
  };

  function refuse(say: (status: number, body: unknown) => void, found: readonly string[]): void {
    problems.push(...found);
    say(422, { detail: found.map((msg) => ({ loc: ['body'], msg, type: 'value_error' })) });
  }

  const sign = (userId: string): string => {
    const token = randomUUID();
    const user = users.find(({ id }) => id === userId);
    if (user) tokens.set(token, user);
    return token;
  };

  /** Who asks: `system` where there are no accounts; null for nobody who may. */
  function viewerOf(request: IncomingMessage, url: URL): string | null {
    if (users.length === 0 && !needsSetup) return 'system';
    const isPublic = /\/(app\/version|auth\/status|auth\/login|auth\/setup)$/.test(url.pathname);
    const user = tokens.get(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
    return user?.isActive ? user.id : isPublic ? 'system' : null;
  }

  type Reply = (status: number, body: unknown, headers?: Record<string, string>) => void;

  interface Call {
    readonly id: string;
    readonly url: URL;
    readonly body: unknown;
    readonly form: FormData | null;
    readonly viewer: string;
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly reply: Reply;
  }

  const at = '/api/v1/queue/default';
  const notFound = (what: string) => ({ detail: `${what} not found` });
  const routes: { method: string; path: RegExp; handle(call: Call): unknown }[] = [
    {
      method: 'GET',
      path: /^\/api\/v1\/app\/version$/,
      handle: ({ reply }) => reply(200, { version: isOld ? '6.0.0' : '6.14.0' }),
    },
    { method: 'GET', path: /^\/api\/v1\/auth\/status$/, handle: answerAuthStatus },
    { method: 'POST', path: /^\/api\/v1\/auth\/login$/, handle: signIn },
    { method: 'POST', path: /^\/api\/v1\/auth\/setup$/, handle: setUp },
    { method: 'GET', path: /^\/api\/v2\/models\/$/, handle: listModels },
    { method: 'POST', path: new RegExp(`^${at}/enqueue_batch$`), handle: takeBatch },
    {
      method: 'GET',
      path: new RegExp(`^${at}/b/([^/]+)/status$`),
      handle: ({ id, viewer, reply }) => reply(200, queue.statusOf(id, viewer)),
    },
    { method: 'GET', path: new RegExp(`^${at}/list_all$`), handle: listAll },
    { method: 'GET', path: new RegExp(`^${at}/list$`), handle: listPage },
    { method: 'GET', path: new RegExp(`^${at}/i/(\\d+)$`), handle: showItem },
    { method: 'PUT', path: new RegExp(`^${at}/i/(\\d+)/cancel$`), handle: cancelItem },
    { method: 'PUT', path: new RegExp(`^${at}/cancel_by_batch_ids$`), handle: cancelBatches },
    { method: 'POST', path: /^\/api\/v1\/images\/upload$/, handle: upload },
    { method: 'GET', path: /^\/api\/v1\/images\/i\/([^/]+)\/full$/, handle: sendImage },
    { method: 'DELETE', path: /^\/api\/v1\/images\/i\/([^/]+)$/, handle: deleteImage },
  ];

  function answerAuthStatus({ reply }: Call) {
    if (isOld) return reply(404, { detail: 'Not Found' });
    reply(200, {
      setup_required: needsSetup,
      multiuser_enabled: needsSetup || users.length > 0,
      strict_password_checking: false,
    });
  }

  function setUp({ body, reply }: Call) {
    if (!needsSetup) return reply(400, { detail: 'Administrator account already configured' });
    needsSetup = false;
    const { email, password } = body as { email: string; password: string };
    const user = { id: randomUUID(), email, password, isActive: true };
    users.push(user);
    const at = { created_at: secondsOf(0), updated_at: secondsOf(0) };
    reply(200, { success: true, user: { user_id: user.id, email, is_admin: true, ...at } });
  }

  function signIn({ body, reply }: Call) {
    const { email, password } = body as { email: string; password: string };
    if (users.length === 0) return reply(403, { detail: 'Multiuser mode is disabled.' });
    const user = users.find((each) => each.email === email && each.password === password);
    if (!user) return reply(401, { detail: 'Incorrect email or password' });
    if (!user.isActive) return reply(403, { detail: 'User account is disabled' });
    const at = { created_at: secondsOf(0), updated_at: secondsOf(0) };
    reply(200, { token: sign(user.id), user: { user_id: user.id, email, ...at }, expires_in: 604_800 });
  }

  function listModels({ url, reply }: Call) {
    const bases = url.searchParams.getAll('base_models');
    const type = url.searchParams.get('model_type');
    const found = models.filter(
      (model) => (!type || model.type === type) && (!bases.length || bases.includes(model.base)),
    );
    reply(200, { models: found.map(({ schema: _, ...model }) => model) });
  }

  async function takeBatch({ body, viewer, request, reply }: Call) {
    const { batch } = body as EnqueueBody;
    const found = [...checker.graphProblems(batch.graph), ...checker.dataProblems(batch.graph, batch.data ?? [])];
    if (found.length > 0) return refuse(reply, found);
    if (faults.loseAnswers === 0) return reply(201, queue.enqueue(body as EnqueueBody, viewer));
    faults.loseAnswers--;
    const late = faults.lateMs;
    if (late === 0) queue.enqueue(body as EnqueueBody, viewer);
    request.socket.destroy();
    await sleep(late);
    if (late > 0) queue.enqueue(body as EnqueueBody, viewer);
  }

  function listAll({ url, viewer, reply }: Call) {
    if (isOld) return reply(404, { detail: 'Not Found' });
    const destination = url.searchParams.get('destination');
    const found = items.filter((each) => !destination || each.destination === destination);
    reply(
      200,
      found.map((each) => queue.present(each, viewer)),
    );
  }

  function listPage({ url, viewer, reply }: Call) {
    if (!isOld) return reply(404, { detail: 'Not Found' });
    const after = Number(url.searchParams.get('cursor') ?? 0);
    const limit = Math.min(2, Number(url.searchParams.get('limit')));
    const rest = items.filter(({ id }) => id > after);
    // Without the graphs, as its name promises.
    const found = rest.slice(0, limit).map(({ ...item }) => ({ ...queue.present(item, viewer), session: undefined }));
    reply(200, { items: found, limit, has_more: rest.length > limit });
  }

  function showItem({ id, viewer, reply }: Call) {
    const item = items.find((each) => each.id === Number(id));
    if (!item) return reply(404, notFound(`Queue item with id ${id}`));
    reply(200, queue.present(item, viewer));
  }

  function cancelItem({ id, viewer, reply }: Call) {
    const item = items.find((each) => each.id === Number(id));
    if (!item) return reply(404, notFound(`Queue item with id ${id}`));
    if (item.owner !== viewer) return reply(403, { detail: 'You do not have permission' });
    queue.cancel(item);
    reply(200, queue.present(item, viewer));
  }

  function cancelBatches({ body, viewer, reply }: Call) {
    const { batch_ids: ids } = body as { batch_ids: string[] };
    const found = items.filter((item) => ids.includes(item.batchId) && item.owner === viewer && !isEnded(item));
    for (const item of found) queue.cancel(item);
    reply(200, { canceled: found.length });
  }

  async function upload({ form, url, viewer, reply }: Call) {
    const file = form?.get('file');
    if (!(file instanceof File) || !file.type.startsWith('image/')) return reply(415, { detail: 'Not an image' });
    const bytes = Buffer.from(await file.arrayBuffer());
    const read = await sharp(bytes)
      .metadata()
      .catch(() => null);
    if (!read || !['jpeg', 'png', 'webp'].includes(read.format)) return reply(415, { detail: 'Failed to read image' });
    const name = `${randomUUID()}.png`;
    const { width, height } = read;
    const isIntermediate = url.searchParams.get('is_intermediate') === 'true';
    images.set(name, { bytes, width, height, owner: viewer, isIntermediate });
    const at = { created_at: secondsOf(0), updated_at: secondsOf(0), is_intermediate: isIntermediate };
    const addresses = { image_url: `api/v1/images/i/${name}/full`, thumbnail_url: `api/v1/images/i/${name}/thumbnail` };
    const about = { image_origin: 'external', image_category: url.searchParams.get('image_category') };
    reply(201, { image_name: name, ...addresses, ...about, width, height, ...at, starred: false, has_workflow: false });
  }

  async function sendImage({ id, viewer, response, reply }: Call) {
    const image = images.get(id);
    if (!image || image.owner !== viewer) return reply(404, notFound('Image'));
    const { bytes } = image;
    const half = bytes.subarray(0, bytes.length / 2);
    const head = (length: number, type = 'image/png') =>
      response.writeHead(200, { 'content-type': type, 'content-length': length });
    switch (faults.image) {
      case 'truncated':
        return void head(half.length).end(half);
      case 'broken off':
        return void head(bytes.length).write(half, () => response.destroy());
      case 'not an image':
        return void head(9).end('no image.');
      case 'a page':
        return void head(23, 'text/html').end('<html>Just a moment…</h'.slice(0, 21));
      case 'oversized':
        return sendWithoutEnd(response, bytes);
      default:
        return void head(bytes.length).end(bytes);
    }
  }

  /** 200 MB that begin as a picture does and are not announced. */
  async function sendWithoutEnd(response: ServerResponse, bytes: Buffer): Promise<void> {
    response.writeHead(200, { 'content-type': 'image/png' }).write(bytes.subarray(0, -12));
    const more = Buffer.alloc(1 << 20);
    for (let sent = 0; sent < 200 && !response.destroyed; sent++) {
      if (!response.write(more)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    }
    response.end();
  }

  function deleteImage({ id, viewer, reply }: Call) {
    if (images.get(id)?.owner === viewer) images.delete(id);
    reply(200, { affected_boards: [], deleted_images: [id] });
  }

  sockets.on('connection', (socket) => {
    const token = (socket.handshake.auth as { token?: string }).token ?? '';
    const owner = users.length === 0 ? 'system' : (tokens.get(token)?.id ?? 'nobody');
    socket.on('subscribe_queue', ({ queue_id: id }: { queue_id: string }) => {
      void socket.join([id, `user:${owner}`]);
    });
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ faults, problems, requests, items, images, models },
    listeners: () => sockets.sockets.sockets.size,
    restart() {
      queue.interrupt();
      sockets.disconnectSockets(true);
      server.closeAllConnections();
    },
    prune: queue.prune,
    boot({ env, isFresh }) {
      isOff = false;
      if (!isFresh) return;
      for (const kept of [users, items]) kept.length = 0;
      for (const kept of [images, tokens]) kept.clear();
      needsSetup = env.INVOKEAI_MULTIUSER === 'true';
    },
    shutDown() {
      isOff = true;
      queue.interrupt();
      sockets.disconnectSockets(true);
      server.closeAllConnections();
    },
    expireTokens: () => tokens.clear(),
    addForeign: queue.addForeign,
    async close() {
      await queue.close();
      await sockets.close();
      server.closeAllConnections();
    },
  };
}

async function readForm(request: IncomingMessage, bytes: Buffer): Promise<FormData> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  return new Response(new Uint8Array(bytes), { headers }).formData();
}
