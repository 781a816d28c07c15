import type { Alternative, NewStep, PhotoMetadata, StudioModel, StudioStep } from '#lib/api-schema.ts';
import { readPrompt } from './read-prompt.ts';
import { likenessOf, type Shape, strengthOf } from './step-words.ts';

/** What somebody has set for the next step. What is empty is left to the model, the settings or chance. */
export interface Draft {
  text: string;
  negative: string;
  /** Null: as the picture it starts from, or else the first of the shapes. */
  shape: { width: number; height: number } | null;
  count: number | null;
  /** Percent. */
  likeness: number;
  seed: string;
  steps: string;
  cfg: string;
  scheduler: string;
  modelKey: string | null;
  vaeKey: string;
}

export const emptyDraft = (): Draft => ({
  text: '',
  negative: '',
  shape: null,
  count: null,
  likeness: 40,
  seed: '',
  steps: '',
  cfg: '',
  scheduler: '',
  modelKey: null,
  vaeKey: '',
});

/** As JSON that a browser kept may be of an earlier version: what is not as it should be is as in an empty one. */
export function readDraft(kept: unknown): Draft {
  const draft = emptyDraft();
  if (typeof kept !== 'object' || kept === null) return draft;
  const given = kept as Record<string, unknown>;
  for (const name of ['text', 'negative', 'seed', 'steps', 'cfg', 'scheduler', 'vaeKey'] as const) {
    if (typeof given[name] === 'string') draft[name] = given[name];
  }
  if (typeof given.modelKey === 'string') draft.modelKey = given.modelKey;
  if (typeof given.count === 'number') draft.count = given.count;
  if (typeof given.likeness === 'number') draft.likeness = given.likeness;
  const { width, height } = (given.shape ?? {}) as Record<string, unknown>;
  if (typeof width === 'number' && typeof height === 'number') draft.shape = { width, height };
  return draft;
}

/** Everything that a step was made with, to be made again or changed a little. */
export function draftOfStep({ prompt, negative_prompt: negative, parameters }: StudioStep): Draft {
  return {
    ...emptyDraft(),
    text: prompt,
    negative: negative ?? '',
    shape: { width: parameters.width, height: parameters.height },
    count: parameters.batch_size,
    likeness: parameters.strength === undefined ? emptyDraft().likeness : likenessOf(parameters.strength),
    seed: String(parameters.seed),
    steps: String(parameters.steps),
    cfg: String(parameters.cfg_scale),
    scheduler: parameters.scheduler,
    modelKey: parameters.model_key,
    vaeKey: parameters.vae_key ?? '',
  };
}

type Made = Pick<
  PhotoMetadata,
  'generation_prompt' | 'generation_negative_prompt' | 'generation_params' | 'width' | 'height'
>;

/** The same of a photo, as far as it tells. A model that is not here is not asked for. */
export function draftOfPhoto(photo: Made, models: readonly Pick<StudioModel, 'key'>[]): Draft {
  const { seed, steps, cfg_scale: cfg, scheduler, width, height, strength, model_key: model } = photo.generation_params;
  const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
  const isHere = models.some(({ key }) => key === model);
  return {
    ...emptyDraft(),
    text: photo.generation_prompt ?? '',
    negative: photo.generation_negative_prompt ?? '',
    shape: { width: width ?? photo.width, height: height ?? photo.height },
    likeness: strength === undefined ? emptyDraft().likeness : likenessOf(strength),
    seed: text(seed),
    // Counts, scales and schedulers are a model's own: another would make something else of them.
    ...(isHere && model !== undefined
      ? { modelKey: model, steps: text(steps), cfg: text(cfg), scheduler: scheduler ?? '' }
      : {}),
  };
}

/** What is asked of the API once more for one picture that was not made. */
export function stepLike(
  { prompt, negative_prompt: negative, parameters, parent_id: parent, source_image_id: source }: StudioStep,
  { seed }: Pick<Alternative, 'seed'>,
): NewStep {
  return {
    prompt,
    ...(negative ? { negative_prompt: negative } : {}),
    parameters: { ...parameters, seed, batch_size: 1 },
    ...(parent ? { parent_id: parent } : {}),
    ...(source ? { source_image_id: source } : { from_scratch: true }),
  };
}

/** A shape in the size that a model can make: no larger than it was asked for, unless the model makes nothing so small. */
export function fitShape(
  { width, height }: Pick<Shape, 'width' | 'height'>,
  { multiple_of: unit, min_side: least, max_side: most, max_pixels: pixels }: StudioModel['limits'],
): { width: number; height: number } {
  const scale = Math.min(1, Math.sqrt(pixels / (width * height)), most / Math.max(width, height));
  const grow = Math.max(1, least / (Math.min(width, height) * scale));
  const fit = (side: number): number => {
    const wanted = Math.floor((side * scale * grow) / unit + 1e-6) * unit;
    return Math.min(Math.floor(most / unit) * unit, Math.max(Math.ceil(least / unit) * unit, wanted));
  };
  const fitted = { width: fit(width), height: fit(height) };
  const long = fitted.width > fitted.height ? 'width' : 'height';
  while (fitted.width * fitted.height > pixels && fitted[long] - unit >= least) fitted[long] -= unit;
  return fitted;
}

interface Context {
  readonly model: StudioModel;
  readonly shapes: readonly Shape[];
  /** The picture to start from, and the step it is of. */
  readonly source: { readonly id: string; readonly stepId: string | null } | null;
}

/** What is sent: call it only for a draft in which {@link checkDraft} finds nothing. */
export function toNewStep(draft: Draft, { model, shapes, source }: Context): NewStep {
  const number = (text: string) => (text.trim() === '' ? undefined : Number(text));
  const shape = draft.shape ?? (source ? null : shapes[0]);
  const negative = draft.negative.trim();
  return {
    prompt: readPrompt(draft.text).prompt,
    ...(negative && model.capabilities.negative_prompt ? { negative_prompt: negative } : {}),
    parameters: {
      model_key: model.key,
      model_hash: model.hash,
      ...(draft.vaeKey && model.compatible_vae.some(({ key }) => key === draft.vaeKey)
        ? { vae_key: draft.vaeKey }
        : {}),
      ...(shape ? fitShape(shape, model.limits) : {}),
      ...(draft.count === null ? {} : { batch_size: draft.count }),
      steps: number(draft.steps),
      cfg_scale: number(draft.cfg),
      ...(model.limits.schedulers.includes(draft.scheduler) ? { scheduler: draft.scheduler } : {}),
      seed: model.capabilities.seeds ? number(draft.seed) : undefined,
      ...(source ? { strength: strengthOf(draft.likeness) } : {}),
    },
    ...(source ? { source_image_id: source.id } : { from_scratch: true }),
    ...(source?.stepId ? { parent_id: source.stepId } : {}),
  };
}
