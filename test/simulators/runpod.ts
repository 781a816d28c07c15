import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Spoil } from './invoke-faults.ts';
import type { InvokeAiSimulator } from './invokeai.ts';
import { createDocumentValidator, readDocument } from './openapi.ts';

export interface SimulatedPod {
  readonly id: string;
  readonly name: string;
  readonly gpu: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: SimulatedMounts;
  status: 'PROVISIONING' | 'STARTING' | 'RUNNING' | 'EXITED' | 'ERROR' | 'TERMINATED';
  /** How often it is looked at until it runs. */
  looksToRun: number;
}

interface SimulatedMounts {
  readonly persistent?: { readonly size: number; readonly path: string };
  readonly network?: readonly { readonly volumeId: string; readonly path: string }[];
}

/** What runs on the one machine that is on: started with its environment, and with its disk or an empty one. */
export type Machine = Pick<InvokeAiSimulator, 'boot' | 'shutDown'>;

export interface RunpodFaults {
  spoil: (request: { method: string; path: string }) => Spoil;
  /** GPU types of which none is free. */
  taken: string[];
  /** Pods that are made, with an answer that never arrives. */
  loseCreates: number;
  /** What stopping does: what it says, nothing at all, or an error. */
  stop: 'works' | 'does nothing' | 'fails';
  terminate: 'works' | 'does nothing' | 'fails';
  /** How often a new pod is looked at until it runs; Infinity for one that never does. */
  looksToRun: number;
  /** Those that were stopped have lost their machine. */
  restart: 'works' | 'no capacity';
}

export interface RunpodSimulator {
  readonly url: string;
  readonly problems: string[];
  readonly requests: string[];
  readonly pods: SimulatedPod[];
  readonly faults: RunpodFaults;
  /** Pods that cost by the hour. */
  paid(): SimulatedPod[];
  /** A pod of somebody else in the account, or of a server that died. */
  add(name: string, env?: Readonly<Record<string, string>>): SimulatedPod;
  /** Somebody stops it at RunPod's own pages, or it ends by itself. */
  stop(pod: SimulatedPod, status?: 'EXITED' | 'ERROR'): void;
  close(): Promise<void>;
}

export const runpodDocument = readDocument('runpod-v2-openapi.json');

interface CreateBody {
  readonly name: string;
  readonly gpu?: { readonly id: string };
  readonly env?: Record<string, string>;
  readonly mounts?: SimulatedMounts;
  readonly dataCenterIds?: readonly string[];
}

const key = 'rp-secret';
const running = ['PROVISIONING', 'STARTING', 'RUNNING'];

/** The network volume of the account, and where it is: a machine elsewhere cannot have it. */
export const simulatedVolume = { id: 'vol7', name: 'models', size: 100, dataCenter: 'EU-RO-1', type: 'STANDARD' };
/** Where the image keeps its own unless it is told otherwise. */
const rootOfImage = '/invokeai';

/** Simulates RunPod's interface for pods, and refuses what its document does not allow. */
export async function createRunpodSimulator({ machine }: { machine?: Machine } = {}): Promise<RunpodSimulator> {
  if (!runpodDocument) throw new Error('shared/data/runpod-v2-openapi.json is not beside the checkout');
  const validator = createDocumentValidator(runpodDocument);
  const problems: string[] = [];
  const requests: string[] = [];
  const pods: SimulatedPod[] = [];
  /** Disks that something was written to, by the pod or the volume that they are of. */
  const disks = new Set<string>();
  machine?.shutDown();
  const faults: RunpodFaults = {
    ...{
      spoil: () => null,
      taken: [],
      loseCreates: 0,
      stop: 'works',
      terminate: 'works',
      looksToRun: 2,
      restart: 'works',
    },
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      problems.push(`the simulator failed: ${error}`);
      response.destroy();
    });
  });

  type Asked = Pick<SimulatedPod, 'env' | 'mounts'>;
  function add(name: string, gpu: string, looksToRun: number, asked: Asked): SimulatedPod {
    const id = `pod${randomUUID().slice(0, 8)}`;
    const pod: SimulatedPod = { id, name, gpu, ...asked, status: 'PROVISIONING', looksToRun };
    pods.push(pod);
    if (looksToRun <= 0) run(pod);
    return pod;
  }

  function look(pod: SimulatedPod): void {
    if (pod.status !== 'PROVISIONING' && pod.status !== 'STARTING') return;
    pod.looksToRun--;
    if (pod.looksToRun <= 0) run(pod);
    else pod.status = 'STARTING';
  }

  function run(pod: SimulatedPod): void {
    pod.status = 'RUNNING';
    const disk = diskOf(pod);
    machine?.boot({ env: pod.env, isFresh: disk === null || !disks.has(disk) });
    if (disk) disks.add(disk);
  }

  /** What outlives its being stopped; null where what it writes is gone then. */
  function diskOf({ id, env, mounts: { persistent, network } }: SimulatedPod): string | null {
    const root = env.INVOKEAI_ROOT ?? rootOfImage;
    const [shared] = network ?? [];
    if (shared?.path === root) return shared.volumeId;
    return persistent?.path === root ? id : null;
  }

  function turnOff(pod: SimulatedPod, status: 'EXITED' | 'ERROR' | 'TERMINATED'): void {
    if (pod.status === 'RUNNING') machine?.shutDown();
    pod.status = status;
  }

  const present = ({ id, name, gpu, status, env, mounts }: SimulatedPod) => ({
    ...{ id, name, status, gpu: { id: gpu, count: 1 }, cloud: 'SECURE', cost: running.includes(status) ? 0.5 : 0 },
    ...{
      actions: status === 'EXITED' ? ['start', 'terminate'] : ['stop', 'terminate'],
      mounts,
      dataCenterId: null,
    },
    ...{ image: 'invokeai', args: '', disk: 40, ports: ['9090/http'], env, registry: null, cudaVersion: null },
    ...{ ssh: { proxy: null, direct: null }, template: null, locked: false, globalNetworking: { enabled: false } },
    ...{ runtime: null, createdAt: '2026-01-01T00:00:00Z', startedAt: null },
  });

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const method = request.method ?? '';
    const path = url.pathname;
    requests.push(`${method} ${path}`);
    const given = await text(request);
    const say = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      if (status < 300) problems.push(...validator.answer({ method, url }, status, body));
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    const refuse = (status: number, detail: string) => {
      const headers = { 'content-type': 'application/problem+json' };
      response.writeHead(status, headers).end(JSON.stringify({ title: 'Error', status, detail }));
    };
    const spoiled = faults.spoil({ method, path });
    if (spoiled === 'silence') return;
    if (spoiled === 'drop') return request.socket.destroy();
    if (spoiled) return say(spoiled.status, spoiled.body ?? {}, spoiled.headers);
    if (request.headers.authorization !== `Bearer ${key}`) return refuse(401, 'invalid key');
    const body: unknown = given ? JSON.parse(given) : null;
    const found = validator.request({ method, url, contentType: given ? 'application/json' : null, body });
    if (found.length > 0) {
      problems.push(...found);
      return refuse(422, found.join(', '));
    }
    if (path.startsWith('/v2/network-volumes/')) {
      const isThere = path.endsWith(`/${simulatedVolume.id}`);
      return isThere ? say(200, simulatedVolume) : refuse(404, 'network volume not found');
    }
    if (path === '/v2/pods' && method === 'GET') {
      return say(200, { pods: pods.filter(({ status }) => status !== 'TERMINATED').map(present) });
    }
    if (path === '/v2/pods') {
      const { name, gpu, env = {}, mounts = {}, dataCenterIds = [] } = body as CreateBody;
      if (!gpu) return refuse(422, 'exactly one of gpu and cpu');
      if (faults.taken.includes(gpu.id)) return refuse(400, 'There are no longer any instances available');
      if (mounts.network && !dataCenterIds.includes(simulatedVolume.dataCenter)) {
        return refuse(400, 'the network volume is in another data center');
      }
      const pod = add(name, gpu.id, faults.looksToRun, { env, mounts });
      if (faults.loseCreates-- > 0) return request.socket.destroy();
      return say(201, present(pod));
    }
    const pod = pods.find(({ id, status }) => path.split('/')[3] === id && status !== 'TERMINATED');
    if (!pod) return refuse(404, 'pod not found');
    if (method === 'DELETE') {
      if (faults.terminate === 'fails') return refuse(500, 'internal error');
      if (faults.terminate === 'works') turnOff(pod, 'TERMINATED');
      return response.writeHead(204).end();
    }
    if (method === 'GET') {
      look(pod);
      return say(200, present(pod));
    }
    const { action } = body as { action: string };
    if (action === 'start') {
      if (pod.status !== 'EXITED') return refuse(409, 'not stopped');
      if (faults.restart === 'no capacity') return refuse(400, 'not enough free GPUs on the host machine');
      Object.assign(pod, { status: 'STARTING', looksToRun: 1 });
      return say(200, present(pod));
    }
    if (action !== 'stop') return refuse(409, 'not simulated');
    if (!running.includes(pod.status)) return refuse(409, 'not running');
    if (faults.stop === 'fails') return refuse(500, 'internal error');
    if (faults.stop === 'works') turnOff(pod, 'EXITED');
    return say(200, present(pod));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ problems, requests, pods, faults },
    paid: () => pods.filter(({ status }) => running.includes(status)),
    add: (name, env = {}) => add(name, 'NVIDIA L4', 0, { env, mounts: {} }),
    stop: (pod, status = 'EXITED') => turnOff(pod, status),
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
