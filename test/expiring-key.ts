import { setTimeout as sleep } from 'node:timers/promises';
import type { Credential, Person, TestApp } from './app.ts';

export interface ExpiringKey<Used> {
  readonly key: { readonly id: string; readonly bearer: string };
  readonly used: Used;
  /** Waits until it has ended. */
  ended(): Promise<void>;
}

/**
 * A key that ends soon, and what was done with it before: where the machine is slow, another one is tried that lasts longer.
 * @param use what is to be done while it is good
 */
export async function createExpiringKey<Used>(
  app: TestApp,
  person: Person,
  scopes: readonly string[],
  use: (key: Credential) => Promise<Used>,
): Promise<ExpiringKey<Used>> {
  for (let ms = 700; ms < 120_000; ms *= 2) {
    const expiresAt = Date.now() + ms;
    const key = await app.createApiKey(person, scopes, new Date(expiresAt)).catch(unlessOver(expiresAt));
    const used = key && (await use(key).then((result) => ({ result }), unlessOver(expiresAt)));
    if (!used || Date.now() >= expiresAt) continue;
    const ended = async (): Promise<void> => {
      // A timer may ring a little before the clock says so.
      while (Date.now() <= expiresAt) await sleep(expiresAt - Date.now() + 1);
    };
    return { key, used: used.result, ended };
  }
  throw new Error('A key ended each time before it could be used.');
}

/** What fails then may have failed for that. */
const unlessOver =
  (expiresAt: number) =>
  (failure: unknown): null => {
    if (Date.now() < expiresAt) throw failure;
    return null;
  };
