import type { z } from '@hono/zod-openapi';
import { requireAllowed } from '#features/access/index.ts';
import type { Notifications } from '#platform/database/notifications.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import { listAlternatives, readStep } from './browse-steps.ts';
import type { Alternative, NewStep, Step } from './contract.ts';
import type { GenerationDeps } from './deps.ts';
import { beginSession, changeSession, deleteSession } from './manage-sessions.ts';
import { requestStep } from './request-step.ts';

type Deps = Pick<GenerationDeps, 'database' | 'notifications' | 'signedUrls' | 'backends' | 'maxBatch'>;
type Asked = z.infer<typeof NewStep>;

/** What is announced may be missed, while the connection that hears of it is away. */
const lookEveryMs = 2_000;

interface MadePicture {
  readonly step: z.infer<typeof Step>;
  readonly photo: NonNullable<z.infer<typeof Alternative>['photo']>;
}

/**
 * Has one picture made in a session of its own and waits until it is there: for clients that know neither sessions nor steps. One that
 * takes longer goes on being made, and comes to be in the library, as does one for whom nobody waits any more. However it ends, the
 * session is completed: nothing more will be asked for in it.
 * @throws AppError as `requestStep`, `invokeai_generation_error` when it fails, `unavailable` once `mostWaitMs` are over
 */
export async function makePicture(
  deps: Deps,
  caller: Caller,
  asked: Asked,
  { mostWaitMs, signal }: { mostWaitMs: number; signal?: AbortSignal },
): Promise<MadePicture> {
  const { userId } = requireAllowed(caller, 'generation.begin');
  const deadline = Date.now() + mostWaitMs;
  const session = await beginSession(deps, caller, { entry_type: 'scratch' });
  const one = { ...asked, parameters: { ...asked.parameters, batch_size: 1 } };
  const { id } = await requestStep(deps, caller, session.id, one).catch(async (error) => {
    // A session in which nothing was ever asked for is in the way of those that are.
    await deleteSession(deps, caller, session.id);
    throw error;
  });
  try {
    return await waitForPicture(deps, { caller, userId, stepId: id, deadline, signal });
  } finally {
    await changeSession(deps, caller, session.id, { status: 'completed' }).catch((error) => {
      // Its owner has deleted it in the meantime.
      if (!(error instanceof AppError) || error.code !== 'not_found') throw error;
    });
  }
}

async function waitForPicture(
  deps: Deps,
  wait: { caller: Caller; userId: string; stepId: string; deadline: number; signal: AbortSignal | undefined },
): Promise<MadePicture> {
  const { caller, userId, stepId, deadline, signal } = wait;
  for (;;) {
    // Listened for before it is looked at, so that nothing comes between.
    const change = nextChange(deps.notifications, userId, Math.min(lookEveryMs, deadline - Date.now()), signal);
    try {
      const step = await readStep(deps, caller, stepId);
      if (step.status === 'completed' || step.status === 'failed') {
        const photo = (await listAlternatives(deps, caller, stepId)).items[0]?.photo;
        if (photo) return { step, photo };
        throw new AppError('invokeai_generation_error', step.error?.message ?? 'This picture was not made.');
      }
      if (Date.now() >= deadline || signal?.aborted) {
        throw new AppError('unavailable', 'This picture takes longer. It is in your library once it is made.');
      }
      await change.heard;
    } finally {
      change.forget();
    }
  }
}

/** Resolves once something of a person's studio has changed, once nobody waits any more, and after so many milliseconds at the most. */
function nextChange(notifications: Notifications, userId: string, mostMs: number, signal: AbortSignal | undefined) {
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.max(0, mostMs));
  const unsubscribe = notifications.subscribe({
    onAnnouncement: ({ subject, id, details }) =>
      subject === 'changed' && id === userId && details[0] === 'generation' && resolve(),
    onCut: () => {},
    onBack: resolve,
  });
  const leave = (): void => resolve();
  signal?.addEventListener('abort', leave);
  if (signal?.aborted) resolve();
  const forget = (): void => {
    clearTimeout(timer);
    unsubscribe();
    signal?.removeEventListener('abort', leave);
  };
  return { heard, forget };
}
