import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Principal } from '#platform/database/principal.ts';
import { type Backend, BackendError, type BatchEvent, type Ticket } from './backends/backend.ts';
import { leaseMs } from './claim-work.ts';
import type { GenerationDeps } from './deps.ts';
import { prepareBatch } from './prepare-batch.ts';
import { keepMade } from './retrieve-image.ts';
import { type AlternativeRow, listAlternatives, lockSteps, type StepRow, settleStep } from './step-store.ts';
import type { GenerationTables } from './tables.ts';
import * as store from './work-store.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<
  GenerationDeps,
  'database' | 'blobs' | 'imaging' | 'jobs' | 'logger' | 'backends' | 'maxUploadBytes' | 'maxAttempts'
>;

/** How long after a try that failed the next one is made, and so how many there are: seven minutes in all. */
const waitsMs = [2_000, 5_000, 10_000, 20_000, 30_000, 60_000, 60_000, 60_000, 60_000, 60_000, 60_000];
/** More often than this nobody sees a difference. */
const progressEveryMs = 400;
const cancelWithinMs = 30_000;

export interface Running {
  /** Looks whether somebody cancelled pictures, and has the backend stop making them. */
  lookForCancelled(): Promise<void>;
  readonly ended: Promise<void>;
}

/** One step in the hands of this server. */
interface Run {
  readonly deps: Deps;
  readonly backend: Backend;
  readonly step: StepRow;
  readonly lease: string;
  readonly onMade: () => void;
  as<Result>(work: (tx: Tx) => Promise<Result>): Promise<Result>;
  /** Aborts when the server ends. */
  readonly ending: AbortSignal;
  /** Aborted when there is nothing left to do about it here: all of it was cancelled, or somebody else has it. */
  readonly lost: AbortController;
  /** Of both. */
  readonly signal: AbortSignal;
  ticket: Ticket | null;
  readonly cancelled: Set<number>;
  /** Of those that are cancelled, the ones that the backend knows of. */
  readonly told: Set<number>;
}

/**
 * Has a backend make the pictures of a step, and follows it to its end, whichever that is. What interrupts it leaves the step to whoever takes it
 * up next, with all that is known of it.
 * @param onMade called when there is something to fetch
 * @param ending aborts when the server ends
 */
export function runStep(
  deps: Deps,
  backend: Backend,
  step: StepRow,
  { lease, onMade, ending }: { lease: string; onMade: () => void; ending: AbortSignal },
): Running {
  const principal: Principal = { kind: 'user', id: step.owner_id };
  const lost = new AbortController();
  const run: Run = {
    ...{ deps, backend, step, lease, onMade, ending, lost },
    as: (work) => deps.database.as(principal, work),
    signal: AbortSignal.any([ending, lost.signal]),
    ticket: step.ticket,
    cancelled: new Set(),
    told: new Set(),
  };
  const renew = setInterval(() => {
    run
      .as((tx) => store.renewLease(tx, 'generation_steps', { id: step.id, lease, leaseMs }))
      .then(
        (isMine) => isMine || lost.abort(),
        () => {},
      );
  }, leaseMs / 3);
  const ended = follow(run)
    .finally(() => clearInterval(renew))
    .then(
      () => run.as((tx) => finish(tx, run)),
      (error) => stop(run, error),
    )
    .catch(async (error) => {
      deps.logger.error(
        { err: error, step: step.id },
        'a step of the studio could not be let go of; its lease runs out',
      );
      // The database may be away: not to be asked again at once.
      await sleep(1000, undefined, { signal: ending }).catch(() => {});
    });
  return { lookForCancelled: () => lookForCancelled(run), ended };
}

/** Everything up to the end of the batch. @throws BackendError when it has to be left for now, or for good */
async function follow(run: Run): Promise<void> {
  const { deps, backend, step, signal } = run;
  const rows = await run.as((tx) => listAlternatives(tx, step.id));
  const open = rows.filter(({ settled_at: settled, image }) => settled === null && image === null);
  if (open.length === 0) return;
  const folder = await deps.blobs.createTempFolder();
  try {
    const batch = await prepareBatch(deps, step, rows, folder.path);
    const settled = new Set(rows.filter((row) => !open.includes(row)).map(({ n }) => n));
    // Cancelled while nobody had the step at hand.
    if (settled.size > 0) await lookForCancelled(run);
    const told = new Map<number, number>();
    for await (const event of backend.follow(batch, { ticket: step.ticket, settled, workDir: folder.path, signal })) {
      await handle(run, event, rows, told);
    }
    signal.throwIfAborted();
    const message = 'The backend lost this picture. Ask for another like it.';
    await run.as((tx) =>
      store.sayRestFailed(tx, { id: step.id, lease: run.lease }, { code: 'invokeai_generation_error', message }),
    );
  } finally {
    await folder.discard();
  }
}

/** @param shown when the progress of each picture was noted last */
async function handle(
  run: Run,
  event: BatchEvent,
  rows: readonly AlternativeRow[],
  shown: Map<number, number>,
): Promise<void> {
  const { deps, backend, step } = run;
  if (event.kind === 'waiting') return;
  if (event.kind === 'accepted') return keepTicket(run, event.ticket);
  const row = rows.find(({ n }) => n === event.n);
  if (!row) return;
  if (event.kind === 'made' && backend.capabilities.keepsResults) {
    // One that is cancelled by now is noted as well: it is deleted over there as others are.
    await run.as((tx) => store.sayMade(tx, row.id, event.image, event.seed));
    return run.onMade();
  }
  if (run.cancelled.has(event.n)) return;
  if (event.kind === 'made') {
    return keepMade(deps, backend, { step, row, image: event.image, seed: event.seed }, run.signal);
  }
  if (event.kind === 'failed') {
    const { code, message } = event.error;
    await run.as((tx) => store.sayFailed(tx, row.id, { code, message }));
    return;
  }
  const now = Date.now();
  if (now - (shown.get(event.n) ?? 0) < progressEveryMs && event.done < 1) return;
  shown.set(event.n, now);
  await run.as((tx) => store.keepProgress(tx, { id: row.id, ownerId: step.owner_id, stepId: step.id }, event));
}

async function keepTicket(run: Run, ticket: Ticket): Promise<void> {
  run.ticket = ticket;
  const isMine = await run.as((tx) => store.keepTicket(tx, { id: run.step.id, lease: run.lease }, ticket));
  // Somebody may have cancelled while it was being handed in.
  await lookForCancelled(run);
  if (!isMine) run.lost.abort();
}

/** What the backend does not hear of now it hears of at the next look; what is there all the same in the end is swept up. */
async function lookForCancelled(run: Run): Promise<void> {
  const rows = await run.as((tx) => listAlternatives(tx, run.step.id));
  for (const { n, cancelled_at: at } of rows) if (at) run.cancelled.add(n);
  const fresh = [...run.cancelled].filter((n) => !run.told.has(n));
  if (rows.every(({ settled_at: settled }) => settled)) {
    // Also where there are none any more, which went with their session.
    run.lost.abort();
    if (rows.length === 0 || fresh.length > 0) await tell(run, null, fresh);
  } else if (run.ticket && fresh.length > 0 && run.backend.capabilities.cancelOne) await tell(run, fresh, fresh);
}

async function tell({ backend, step, ticket, deps, told }: Run, only: number[] | null, fresh: number[]): Promise<void> {
  try {
    // To end what was never handed in is fine.
    await backend.cancel({ id: step.batch_id }, ticket ?? {}, only, AbortSignal.timeout(cancelWithinMs));
    for (const n of fresh) told.add(n);
  } catch (error) {
    deps.logger.warn({ step: step.id, reason: (error as Error).message }, 'a backend did not cancel a picture');
  }
}

async function finish(tx: Tx, { step, lease }: Run): Promise<void> {
  if (await settleStep(tx, step.id)) return;
  // Some are made and on their way; fetching the last of them ends the step.
  await store.releaseStep(tx, { id: step.id, lease, dueInMs: 0, tries: 0 }, null);
}

/** Something came between: the step is left for later, or is over. */
async function stop(run: Run, error: unknown): Promise<void> {
  const { step, lease } = run;
  // Whoever cancelled has settled it, and who has it by now goes on with it.
  if (run.lost.signal.aborted) return run.as((tx) => finish(tx, run)).catch(() => {});
  if (run.ending.aborted) {
    return run.as((tx) => store.releaseStep(tx, { id: step.id, lease, dueInMs: 0, tries: step.tries }, null));
  }
  const why = explain(run, error);
  const dueInMs = whenAgain(step, error);
  if (dueInMs !== null) {
    return run.as((tx) => store.releaseStep(tx, { id: step.id, lease, dueInMs, tries: step.tries + 1 }, why));
  }
  await run.as(async (tx) => {
    await lockSteps(tx, [step.id]);
    await store.sayRestFailed(tx, { id: step.id, lease }, why);
    await finish(tx, run);
  });
}

/** @returns ms until it is tried once more; null for never */
function whenAgain({ tries }: StepRow, error: unknown): number | null {
  const known = error instanceof BackendError ? error : null;
  if (tries >= waitsMs.length || (known && !known.isTransient)) return null;
  return known?.retryAfterMs ?? waitsMs[tries] ?? null;
}

function explain({ deps, step }: Run, error: unknown): { code: string; message: string } {
  if (error instanceof BackendError) {
    const { code, message } = error;
    deps.logger.warn({ step: step.id, code, reason: message }, 'a backend did not do a step');
    return { code, message };
  }
  deps.logger.error({ err: error, step: step.id }, 'a step of the studio failed in a way nobody foresaw');
  return {
    code: 'server_error',
    message: 'Something went wrong on the server. It was written down; ask again.',
  };
}
