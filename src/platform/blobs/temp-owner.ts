import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';

/**
 * Names this process so that another can tell later whether it still lives: process id, start (process ids are used again), and a
 * digest of the machine's boot and the pid namespace (a container's process 1 is not the host's).
 */
export function thisProcess(): Promise<string> {
  own ??= identify();
  return own;
}

let own: Promise<string> | undefined;

async function identify(): Promise<string> {
  return `${process.pid}-${(await startOf(process.pid)) ?? 0}-${await machine()}`;
}

/** @returns 'unknown' for a process of another machine, container or boot, and for a name that is none of ours */
export async function isAlive(owner: string): Promise<boolean | 'unknown'> {
  const [pid, start, where] = owner.split('-');
  if (!pid || !start || where !== (await machine())) return 'unknown';
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === '0' || (await startOf(Number(pid))) === start;
}

/**
 * Start in clock ticks since boot, field 22 of proc(5)'s stat. Null where there is no /proc, and for a process that has died and
 * only waits for its parent to notice, as may take forever in a container.
 */
async function startOf(pid: number): Promise<string | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => null);
  // The command's name, in parentheses, may hold blanks and parentheses itself.
  const fields = line?.slice(line.lastIndexOf(')') + 2).split(' ');
  return fields && !/[ZX]/.test(fields[0] ?? '') ? (fields[19] ?? null) : null;
}

async function machine(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return createHash('sha256').update(`${boot}\n${namespace}\n${hostname()}`).digest('hex').slice(0, 12);
}
