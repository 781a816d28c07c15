import { type Absent, type BenchRow, type Contender, type Contest, canMeasureProcesses, cpuDuring } from './harness.ts';
import { fillTimeline } from './load/fill-timeline.ts';
import { type Account, type RunningServer, startServer } from './load/server.ts';

const MANY = 1_000_000;
const FEW = 10_000;
const REQUESTS = 300;

export const rows: BenchRow[] = [
  {
    name: 'first page of GET /photos with 1 M photos, beside 10 k',
    unit: 'CPU ms',
    target: 1.3,
    prepare: () => prepare('/photos?limit=50', (body, count) => body.total === count && body.items.length === 50),
  },
  {
    name: 'GET /timeline with 1 M photos, beside 10 k',
    unit: 'CPU ms',
    target: 1.3,
    prepare: () => prepare('/timeline', (body, count) => body.total === count && body.items.length >= 240),
  },
];

interface List {
  total: number;
  items: unknown[];
}

type Check = (body: List, count: number) => boolean;

/** Two libraries, each with a server and a PostgreSQL of its own, so that the small one gains nothing from standing in the large one. */
async function prepare(path: string, check: Check): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return { absent: 'the CPU time of processes is read from /proc, which is not here' };
  const many = await startLibrary(MANY);
  const few = await startLibrary(FEW);
  return {
    ours: await contender(many, MANY, path, check),
    peer: await contender(few, FEW, path, check),
    beside: () =>
      `${REQUESTS} requests a time, one after another, each answer checked; server and PostgreSQL together, both libraries over 20 years`,
    async close() {
      await many.server.close();
      await few.server.close();
    },
  };
}

interface Library {
  readonly server: RunningServer;
  readonly owner: Account;
}

async function startLibrary(count: number): Promise<Library> {
  const server = await startServer();
  const owner = await server.register('owner');
  await fillTimeline(server, owner, count);
  return { server, owner };
}

/** Warmed up when it is given back. */
async function contender({ server, owner }: Library, count: number, path: string, check: Check): Promise<Contender> {
  const ask = async (times: number) => {
    for (let sent = 0; sent < times; sent += 1) {
      const response = await fetch(`${server.url}/api/v1${path}`, { headers: { cookie: owner.cookie } });
      if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
      if (!check((await response.json()) as List, count)) throw new Error(`${path} did not answer what is there`);
    }
  };
  await ask(REQUESTS);
  return {
    name: `${count} photos`,
    measure: async () => (await cpuDuring([server.pid], () => ask(REQUESTS))) / REQUESTS,
  };
}
