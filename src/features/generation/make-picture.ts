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
 * takes longer goes on being made, and comes to be in the library.
 * @throws AppError as `requestStep`, `invokeai_generation_error` when it fails, `unavailable` once `mostWaitMs` are over
 */
export async function makePicture(
  deps: Deps,
  caller: Caller,
  asked: Asked,
  { mostWaitMs }: { mostWaitMs: number },
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
  for (;;) {
    // Listened for before it is looked at, so that nothing comes between.
    const change = nextChange(deps.notifications, userId, Math.min(lookEveryMs, deadline - Date.now()));
    const step = await readStep(deps, caller, id);
    if (step.status === 'completed' || step.status === 'failed') {
      change.forget();
      const photo = (await listAlternatives(deps, caller, id)).items[0]?.photo;
      if (!photo) throw new AppError('invokeai_generation_error', step.error?.message ?? 'This picture was not made.');
      await changeSession(deps, caller, session.id, { status: 'completed' });
      return { step, photo };
    }
    if (Date.now() >= deadline) {
      change.forget();
      throw new AppError('unavailable', 'This picture takes longer. It is in your library once it is made.');
    }
    await change.heard;
  }
}

/** Resolves once something of a person's studio has changed, and after so many milliseconds at the most. */
function nextChange(notifications: Notifications, userId: string, mostMs: number) {
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, Math.max(0, mostMs));
  const unsubscribe = notifications.subscribe({
    onAnnouncement: ({ subject, id, details }) =>
      subject === 'changed' && id === userId && details[0] === 'generation' && resolve(),
    onCut: () => {},
    onBack: resolve,
  });
  const forget = (): void => {
    clearTimeout(timer);
    unsubscribe();
  };
  void heard.then(forget);
  return { heard, forget };
}
