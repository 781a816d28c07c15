import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Absent, type BenchRow, type Contest, canMeasureProcesses } from './harness.ts';
import { startServer } from './load/server.ts';

const LIMIT_MB = 300;

export const rows: BenchRow[] = [
  {
    name: `memory of an empty library, Node and PostgreSQL, beside ${LIMIT_MB} MB`,
    unit: 'MB PSS',
    target: 1,
    prepare,
  },
];

async function prepare(): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return { absent: 'the memory of processes is read from /proc, which is not here' };
  const server = await startServer();
  await server.register('owner');
  // What the start needed once is given back by then.
  await sleep(5000);
  return {
    ours: {
      name: 'tintype',
      async measure() {
        await (await fetch(`${server.url}/api/v1/ready`)).arrayBuffer();
        return [...family(server.pid)].reduce((sum, pid) => sum + proportionalMegabytes(pid), 0);
      },
    },
    peer: { name: 'limit', measure: async () => LIMIT_MB },
    beside: () => {
      const parts = [...family(server.pid)].map((pid) => `${nameOf(pid)} ${proportionalMegabytes(pid).toFixed(0)}`);
      return `shared pages count once (PSS): ${parts.join(', ')}`;
    },
    close: () => server.close(),
  };
}

/** A process and its descendants. */
function family(root: number): Set<number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /^PPid:\s*(\d+)/m.exec(read(`/proc/${name}/status`))?.[1];
    if (parent) parents.set(Number(name), Number(parent));
  }
  const found = new Set([root]);
  for (let before = 0; before !== found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (found.has(parent)) found.add(pid);
  }
  return found;
}

const proportionalMegabytes = (pid: number): number =>
  (Number(/^Pss:\s*(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024) / 1e6;

const nameOf = (pid: number): string =>
  read(`/proc/${pid}/cmdline`).split('\0')[0]?.split('/').at(-1)?.slice(0, 40) || 'process';

/** Empty when the process ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
