import { ApiError, api, messageOf } from '#lib/api.ts';
import type { Alternative, NewStep, StepState, StudioSession, StudioStep } from '#lib/api-schema.ts';
import { onChange, onHello } from '#lib/events.svelte.ts';
import { formatCount } from '#lib/format.ts';
import { announce, toast } from '#lib/toast.svelte.ts';
import { isOpen, stateOf } from './alternative-state.ts';

/** Steps whose pictures are asked for at once as a session opens. */
const AT_ONCE = 4;
/** How often is looked after what is being made, in case nothing is told of it, in ms. */
const LOOK_MS = 4000;

const hasEnded = ({ status }: Pick<StudioStep, 'status'>): boolean => status === 'completed' || status === 'failed';
const say = (error: unknown): void => void toast(messageOf(error), { tone: 'error' });

/** One session as its page shows it, and what can be done with it. Nothing in here throws, but for `send`. */
export function openSession(id: string) {
  let session = $state.raw<StudioSession | null>(null);
  let steps = $state.raw<readonly StudioStep[]>([]);
  let pictures = $state.raw<ReadonlyMap<string, readonly Alternative[]>>(new Map());
  let states = $state.raw<ReadonlyMap<string, StepState>>(new Map());
  let problem = $state.raw<{ isAbsent: boolean; text: string } | null>(null);
  /** Steps that are being read; true for those that have to be read once more. */
  const underWay = new Map<string, boolean>();
  /** Steps of which a picture is being picked: what was read meanwhile may be of before. */
  const picking = new Set<string>();

  const replaceStep = (next: StudioStep): void => {
    steps = steps.map((step) => (step.id === next.id ? next : step));
  };

  async function load(): Promise<void> {
    problem = null;
    try {
      await readSteps();
    } catch (error) {
      if (session) return;
      const isAbsent = error instanceof ApiError && error.status === 404;
      problem = { isAbsent, text: messageOf(error) };
      return;
    }
    const waiting = steps.toReversed().map((step) => step.id);
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await readPictures(next);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async function readSteps(): Promise<void> {
    const [head, list] = await Promise.all([
      api.get('/generation/sessions/:id', { param: { id } }),
      api.get('/generation/sessions/:id/steps', { param: { id } }),
    ]);
    session = head;
    steps = list.items;
  }

  /** What is asked for while it is being read is read once more after that. */
  async function readPictures(step: string): Promise<void> {
    if (underWay.has(step)) {
      underWay.set(step, true);
      return;
    }
    underWay.set(step, false);
    try {
      await readOnce(step);
    } catch {
      // It is looked after again in a moment, or when somebody reloads.
    }
    const isWanted = underWay.get(step);
    underWay.delete(step);
    if (isWanted) await readPictures(step);
  }

  async function readOnce(stepId: string): Promise<void> {
    const param = { id: stepId };
    const known = steps.find((step) => step.id === stepId);
    const [list, state] = await Promise.all([
      api.get('/generation/steps/:id/alternatives', { param }),
      known && hasEnded(known) ? null : api.get('/generation/steps/:id/status', { param }),
    ]);
    pictures = new Map(pictures).set(stepId, list.items);
    const picked = list.items.find((one) => one.selected)?.image_id ?? null;
    const now = steps.find((step) => step.id === stepId);
    // Another window may have picked another one.
    if (now && now.selected_image_id !== picked && !picking.has(stepId)) {
      replaceStep({ ...now, selected_image_id: picked });
    }
    if (!state) return;
    states = new Map(states).set(stepId, state);
    if (state.status === known?.status) return;
    replaceStep(await api.get('/generation/steps/:id', { param }));
    if (hasEnded(state)) tell(stepId, state);
  }

  /** Progress is for the eye; to the ear only its end is told. */
  function tell(stepId: string, { retrieval_status: { total, completed } }: StepState): void {
    const step = steps.findIndex((one) => one.id === stepId) + 1;
    if (completed === total) void announce(`Step ${step}: ${formatCount(total, 'picture')} ready.`);
    else void announce(`Step ${step} has ended with ${completed} of ${formatCount(total, 'picture')}.`);
  }

  /** Those of which something is to come, and those that could not be read. */
  const openSteps = (): string[] =>
    steps.filter((step) => !hasEnded(step) || (pictures.get(step.id)?.some(isOpen) ?? true)).map((step) => step.id);

  /** Follows what is told of the session, and looks now and then. @returns what ends it */
  function follow(): () => void {
    const ends = [
      onChange('generation', ({ ids }) => {
        const known = new Set(steps.map((step) => step.id));
        for (const step of ids ?? openSteps()) if (known.has(step)) void readPictures(step);
      }),
      onChange('sessions', ({ ids, what }) => {
        if (ids !== null && !ids.includes(id)) return;
        if (what === 'removed') problem = { isAbsent: true, text: '' };
        else
          void readSteps().then(
            () => readMissing(),
            () => {},
          );
      }),
      // A picture in the trash cannot be picked, and one that is back can.
      onChange('photos', ({ ids, what }) => {
        if (what === 'added') return;
        for (const [step, list] of pictures) {
          if (ids === null || list.some((one) => ids.includes(one.image_id))) void readPictures(step);
        }
      }),
      onHello((isFirst) => isFirst || void load()),
    ];
    const timer = setInterval(() => {
      if (!document.hidden) for (const step of openSteps()) void readPictures(step);
    }, LOOK_MS);
    return () => {
      clearInterval(timer);
      for (const end of ends) end();
    };
  }

  const readMissing = (): void => {
    for (const step of steps) if (!pictures.has(step.id)) void readPictures(step.id);
  };

  /** Does something, and says why it could not be done. @returns whether it was */
  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      say(error);
      return false;
    }
  }

  return {
    id,
    get session() {
      return session;
    },
    get steps() {
      return steps;
    },
    get problem() {
      return problem;
    },
    picturesOf: (step: string): readonly Alternative[] | undefined => pictures.get(step),
    stateOf: (step: string): StepState | undefined => states.get(step),
    load,
    follow,

    /** @throws ApiError */
    async send(step: NewStep): Promise<StudioStep> {
      const made = await api.post('/generation/sessions/:id/steps', { param: { id }, json: step });
      if (!steps.some((one) => one.id === made.id)) steps = [...steps, made];
      if (session && session.title === null) session = { ...session, title: made.prompt };
      void announce(`Asked for ${formatCount(made.parameters.batch_size, 'picture')}.`);
      void readPictures(made.id);
      return made;
    },

    async pick(stepId: string, image: string): Promise<boolean> {
      const before = steps.find((step) => step.id === stepId);
      if (!before) return false;
      picking.add(stepId);
      replaceStep({ ...before, selected_image_id: image });
      const isDone = await attempt(() =>
        api.post('/generation/steps/:id/alternatives/select', { param: { id: stepId }, json: { image_id: image } }),
      );
      picking.delete(stepId);
      if (!isDone) replaceStep(before);
      void readPictures(stepId);
      return isDone;
    },

    async cancelPicture(stepId: string, image: string): Promise<void> {
      await attempt(() => api.post('/generation/images/:id/cancel', { param: { id: image } }));
      await readPictures(stepId);
    },

    async cancelStep(stepId: string): Promise<void> {
      const left = (pictures.get(stepId) ?? []).filter(isOpen).length;
      if (await attempt(() => api.post('/generation/steps/:id/cancel', { param: { id: stepId } }))) {
        void announce(`${formatCount(left, 'picture')} cancelled.`);
      }
      await readPictures(stepId);
    },

    async fetchAgain(stepId: string, image: string): Promise<void> {
      await attempt(() => api.post('/photos/:id/retry', { param: { id: image } }));
      await readPictures(stepId);
    },

    /** Everything of a step that was made and did not come. */
    async fetchAllAgain(stepId: string): Promise<void> {
      await attempt(() => api.post('/generation/steps/:id/retry-retrievals', { param: { id: stepId } }));
      await readPictures(stepId);
    },

    change: (status: StudioSession['status']): Promise<boolean> =>
      attempt(async () => {
        session = await api.patch('/generation/sessions/:id', { param: { id }, json: { status } });
        await Promise.all(openSteps().map(readPictures));
      }),

    remove: (): Promise<boolean> => attempt(() => api.delete('/generation/sessions/:id', { param: { id } })),

    /** Pictures that can be looked at, in the order of the thread. */
    get shown() {
      return steps.flatMap((step, at) =>
        (pictures.get(step.id) ?? [])
          .filter((one) => stateOf(one) === 'done')
          .map((one) => ({ ...one, step: at + 1, words: `Step ${at + 1}, picture ${one.n + 1}` })),
      );
    },
  };
}
