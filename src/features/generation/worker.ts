import { v4 as uuidv4 } from 'uuid';
import type { NamedBackend } from './backends/open-backends.ts';
import { claimImage, claimStep, saySeen } from './claim-work.ts';
import type { GenerationDeps } from './deps.ts';
import { retrieveImage } from './retrieve-image.ts';
import { type Running, runStep } from './run-step.ts';
import { sweepLeftover } from './sweep-leftover.ts';

type Deps = Pick<
  GenerationDeps,
  'database' | 'notifications' | 'blobs' | 'imaging' | 'jobs' | 'logger' | 'backends' | 'maxUploadBytes' | 'maxAttempts'
>;

export interface StudioWorker {
  /** Lets go of what is at hand, so that it is taken up at once wherever there is somebody. */
  close(): Promise<void>;
}

/** Pictures that one server fetches at once. */
export const parallelRetrievals = 3;
/** What is due later is looked for, and what was announced while nobody heard it. */
const lookEveryMs = 5_000;
const closeWithinMs = 10_000;
/** Often enough that no other server takes what this one has for gone. */
const sayThereEveryMs = 5 * 60_000;

/**
 * Makes pictures for whoever's turn it is, as many at once as each backend has lanes for, over all servers of the library. All that it knows is
 * in the database, so any number of servers do this together, and each may be killed at any moment.
 */
export function startStudioWorker(deps: Deps): StudioWorker {
  const ending = new AbortController();
  const running = new Map<string, Running>();
  const fetching = new Set<Promise<void>>();
  const { backends, logger } = deps;

  const steps = backends.all.map((one) => createLoop(() => takeStep(one), logger));
  const images = createLoop(takeImage, logger);
  const leftovers = createLoop(() => takeLeftover(), logger);
  const wakeAll = (): void => {
    if (ending.signal.aborted) return;
    for (const loop of steps) loop.wake();
    images.wake();
    leftovers.wake();
  };

  /** @returns whether there was one, and there may be another */
  async function takeStep({ name, backend }: NamedBackend): Promise<boolean> {
    if (ending.signal.aborted) return false;
    const lease = uuidv4();
    const step = await claimStep(deps.database, { backend: name, lanes: backend.lanes, lease });
    if (!step) return false;
    const run = runStep(deps, backend, step, { lease, onMade: images.wake, ending: ending.signal });
    running.set(step.id, run);
    void run.ended.then(() => {
      running.delete(step.id);
      wakeAll();
    });
    return true;
  }

  async function takeImage(): Promise<boolean> {
    if (ending.signal.aborted || fetching.size >= parallelRetrievals) return false;
    const lease = uuidv4();
    const row = await claimImage(deps.database, { backends: backends.names, lease });
    if (!row) return false;
    const work = retrieveImage(deps, row, { lease, ending: ending.signal })
      .catch((error) =>
        logger.error({ err: error, image: row.id }, 'a picture could not be let go of; its lease runs out'),
      )
      .finally(() => {
        fetching.delete(work);
        images.wake();
      });
    fetching.add(work);
    return true;
  }

  async function takeLeftover(): Promise<boolean> {
    return !ending.signal.aborted && sweepLeftover(deps, ending.signal);
  }

  const sayThere = (): void => {
    saySeen(deps.database, backends.names).catch((error: Error) =>
      logger.warn({ reason: error.message }, 'the studio could not say which backends this server has'),
    );
  };
  sayThere();
  const saying = setInterval(sayThere, sayThereEveryMs);
  saying.unref();

  const stopHearing = deps.notifications.subscribe({
    onAnnouncement({ subject, id }) {
      if (subject !== 'studio') return;
      const run = running.get(id);
      if (run) void run.lookForCancelled().catch(() => {});
      wakeAll();
    },
    onCut() {},
    onBack: wakeAll,
  });
  const look = setInterval(() => {
    for (const run of running.values()) void run.lookForCancelled().catch(() => {});
    wakeAll();
  }, lookEveryMs);
  look.unref();
  wakeAll();

  return {
    async close() {
      ending.abort();
      clearInterval(look);
      clearInterval(saying);
      stopHearing();
      const late = new Promise<void>((resolve) => setTimeout(resolve, closeWithinMs).unref());
      const ended = Promise.all([...[...running.values()].map((run) => run.ended), ...fetching]);
      await Promise.race([ended, late]);
    },
  };
}

/** Calls `take` until it says that there is nothing; once more when it is woken meanwhile. Never twice at a time. */
function createLoop(take: () => Promise<boolean>, logger: GenerationDeps['logger']) {
  let isAtIt = false;
  let isWoken = false;
  async function run(): Promise<void> {
    while (isWoken) {
      isWoken = false;
      while (await take());
    }
  }
  return {
    wake(): void {
      isWoken = true;
      if (isAtIt) return;
      isAtIt = true;
      run()
        .catch((error) => logger.warn({ reason: (error as Error).message }, 'the studio could not look for work'))
        .finally(() => {
          isAtIt = false;
        });
    },
  };
}
