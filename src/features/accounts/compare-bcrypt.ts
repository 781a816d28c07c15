import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { compare } from 'bcryptjs';

interface Comparison {
  readonly password: string;
  readonly hash: string;
}

/**
 * Whether a password is the one of a bcrypt hash, worked out in a thread of its own: in JavaScript it takes a third of a
 * second and more, during which this one would answer nobody.
 */
export function compareBcrypt(password: string, hash: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { password, hash } satisfies Comparison });
    worker.once('message', (matches: boolean) => resolve(matches));
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The thread that compares passwords ended without an answer.')));
  });
}

if (!isMainThread && isComparison(workerData)) {
  const { password, hash } = workerData;
  parentPort?.postMessage(await compare(password, hash));
}

function isComparison(data: unknown): data is Comparison {
  return typeof data === 'object' && data !== null && 'hash' in data && 'password' in data;
}
