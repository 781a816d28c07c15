import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { ClientAddress } from '#platform/http/client-address.ts';
import { painter } from './backends/procedural.ts';
import type { GenerationDeps } from './deps.ts';
import type { GenerationTables } from './tables.ts';
import { type TriedPicture, type TryOut, tryShapes } from './try-contract.ts';
import { createTryLimits } from './try-limits.ts';
import * as store from './try-store.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'backends' | 'imaging' | 'blobs'>;

/** Whoever has waited for so long while others were painted for is told so. */
const mostWaitMs = 30_000;

/** Whether visitors may try the studio; anybody may ask. */
export async function readTryOut({ database, backends }: Deps, caller: Caller): Promise<z.infer<typeof TryOut>> {
  const isAllowed = await database.as(caller.principal, (tx: Tx) => store.readTryOut(tx));
  return present(isAllowed && hasPainter(backends));
}

/** @throws AppError `conflict` where there is no painter */
export async function changeTryOut(
  { database, backends }: Deps,
  caller: Caller,
  allowed: boolean,
  address: string | null,
): Promise<z.infer<typeof TryOut>> {
  const { principal } = requireAllowed(caller, 'backend.administer');
  if (allowed && !hasPainter(backends)) {
    throw new AppError('conflict', 'Visitors try the painter, and it is switched off here: see TINTYPE_PAINTER.');
  }
  await database.as(principal, async (tx: Tx) => {
    await store.writeTryOut(tx, allowed);
    await recordAudit(tx, { action: 'try_out_changed', details: { allowed }, address });
  });
  return present(allowed);
}

/** Has pictures painted for whoever comes, where that is allowed. Nothing of them is kept, and everybody else goes first. */
export function createTryOut(deps: Deps) {
  const limits = createTryLimits();

  /**
   * @returns the bytes of a JPEG that tells how it was made
   * @throws AppError `forbidden` where visitors may not, `rate_limited`, `unavailable`, `storage_full`
   */
  return async (
    caller: Caller,
    { prompt, seed = randomInt(2 ** 32), shape }: z.infer<typeof TriedPicture>,
    { network }: Pick<ClientAddress, 'network'>,
    signal: AbortSignal,
  ): Promise<{ bytes: Buffer<ArrayBuffer>; seed: number }> => {
    if (!(await readTryOut(deps, caller)).allowed) throw new AppError('forbidden', 'Sign in to make pictures here.');
    const bytes = await limits.paint(network, () => paint(deps, { prompt, seed, ...tryShapes[shape] }, signal));
    return { bytes, seed };
  };
}

async function paint(
  { blobs, imaging }: Deps,
  asked: { prompt: string; seed: number; width: number; height: number },
  signal: AbortSignal,
): Promise<Buffer<ArrayBuffer>> {
  const folder = await blobs.createTempFolder();
  // Ends the waiting alone: what has its turn is painted, whoever has gone meanwhile. Ending a painter and starting another costs more, and
  // whoever came and went again would have that for nothing.
  const waiting = new AbortController();
  const giveUp = () => waiting.abort(busy());
  const tooLong = setTimeout(giveUp, mostWaitMs);
  signal.addEventListener('abort', giveUp, { once: true });
  const begin = () => {
    clearTimeout(tooLong);
    signal.removeEventListener('abort', giveUp);
  };
  const { steps, cfg_scale: cfgScale } = painter.defaults;
  try {
    const outPath = join(folder.path, 'painted.jpg');
    const request = { ...asked, negativePrompt: '', steps, cfgScale, source: null, outPath };
    await imaging.paint(request, () => {}, waiting.signal, { yields: true, onTurn: begin });
    return await readFile(outPath);
  } finally {
    begin();
    await folder.discard();
  }
}

const hasPainter = (backends: GenerationDeps['backends']): boolean =>
  backends.all.some(({ backend }) => backend.driver === 'procedural');

const present = (allowed: boolean): z.infer<typeof TryOut> => ({
  allowed,
  shapes: (['square', 'portrait', 'landscape'] as const).map((name) => ({ name, ...tryShapes[name] })),
});

const busy = () =>
  new AppError('unavailable', 'The painter is busy with other pictures. Try again in a moment.', { retry_after: 10 });
