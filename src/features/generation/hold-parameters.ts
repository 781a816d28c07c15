import { randomInt } from 'node:crypto';
import type { z } from '@hono/zod-openapi';
import { AppError } from '#platform/http/app-error.ts';
import type { NewStep } from './contract.ts';
import type { ModelRow } from './model-store.ts';
import type { StoredSettings } from './settings-contract.ts';
import type { StepParameters } from './tables.ts';

type Asked = z.infer<typeof NewStep>['parameters'];

interface Context {
  readonly model: ModelRow;
  /** What the person changed of what everybody begins with. */
  readonly settings: StoredSettings;
  readonly maxBatch: number;
  /** Of the picture to start from, where there is one. */
  readonly source: { readonly width: number; readonly height: number } | null;
}

const seeds = 2 ** 32;
const usualStrength = 0.6;

/**
 * Fills in what was left out, by the person's settings, then by the model's own, and holds all of it against what the model can.
 * @throws AppError `validation_error` that names the field and what it may be; `invokeai_model_error` for a model that has changed
 */
export function holdParameters(asked: Asked, { model, settings, maxBatch, source }: Context): StepParameters {
  if (asked.model_hash !== undefined && asked.model_hash !== model.hash) {
    throw new AppError('invokeai_model_error', `“${model.name}” has changed since. Look at the models again.`, {
      model_key: model.address,
    });
  }
  if (asked.strength !== undefined && !source) {
    refuse('strength', 'There is no picture to start from. Choose one, or leave the strength out.');
  }
  const { limits, defaults } = model;
  const shape = source ? fitTo(source, model) : { width: defaults.width, height: defaults.height };
  const filled: StepParameters = {
    model_key: model.address,
    model_hash: model.hash,
    ...vaeOf(asked, model),
    width: asked.width ?? shape.width,
    height: asked.height ?? shape.height,
    steps: asked.steps ?? clamp(settings.default_steps ?? defaults.steps, limits.minSteps, limits.maxSteps),
    cfg_scale:
      asked.cfg_scale ??
      clamp(settings.default_cfg_scale ?? defaults.cfg_scale, limits.minCfgScale, limits.maxCfgScale),
    scheduler: asked.scheduler ?? schedulerOf(settings.default_scheduler, model),
    batch_size: asked.batch_size ?? Math.min(settings.default_batch_size ?? 4, maxBatch),
    seed: asked.seed ?? randomInt(seeds),
    ...(source ? { strength: asked.strength ?? usualStrength } : {}),
  };
  if (filled.batch_size > maxBatch) refuse('batch_size', `One step makes ${maxBatch} pictures at the most.`);
  for (const side of ['width', 'height'] as const) {
    const value = filled[side];
    if (value % limits.multipleOf !== 0 || value < limits.minSide || value > limits.maxSide) {
      refuse(
        side,
        `“${model.name}” makes sides of ${limits.minSide} to ${limits.maxSide} pixels, in steps of ${limits.multipleOf}.`,
      );
    }
  }
  if (filled.width * filled.height > limits.maxPixels) {
    refuse('width', `“${model.name}” makes ${(limits.maxPixels / 1e6).toFixed(1)} megapixels at the most.`);
  }
  within('steps', filled.steps, limits.minSteps, limits.maxSteps, model);
  within('cfg_scale', filled.cfg_scale, limits.minCfgScale, limits.maxCfgScale, model);
  if (limits.schedulers.length > 0 && !limits.schedulers.includes(filled.scheduler)) {
    refuse('scheduler', `“${model.name}” knows these schedulers: ${limits.schedulers.join(', ')}.`);
  }
  return filled;
}

/** Seeds of all pictures of a step, one after the other, as earlier systems count them. */
export const seedsOf = ({ seed, batch_size: count }: Pick<StepParameters, 'seed' | 'batch_size'>): number[] =>
  Array.from({ length: count }, (_, n) => (seed + n) % seeds);

function vaeOf({ vae_key: key, vae_hash: hash }: Asked, model: ModelRow) {
  if (key === undefined && hash === undefined) return {};
  if (key === undefined) return refuse('vae_key', 'Name the VAE that this is the hash of, or leave the hash out.');
  const vae = model.compatible_vae.find((one) => one.key === key);
  if (!vae) throw new AppError('invokeai_model_error', `This VAE does not go with “${model.name}”.`, { vae_key: key });
  if (hash !== undefined && hash !== vae.hash) {
    throw new AppError('invokeai_model_error', `The VAE “${vae.name}” has changed since. Look at the models again.`, {
      vae_key: key,
    });
  }
  return { vae_key: vae.key, vae_hash: vae.hash };
}

const schedulerOf = (preferred: string | undefined, { limits, defaults }: ModelRow): string =>
  preferred !== undefined && limits.schedulers.includes(preferred) ? preferred : defaults.scheduler;

/** As many pixels as the model is best at, in the shape of what is started from. */
function fitTo(source: { width: number; height: number }, { limits, defaults }: ModelRow) {
  const area = defaults.width * defaults.height;
  const ratio = clamp(source.width / source.height, limits.minSide / limits.maxSide, limits.maxSide / limits.minSide);
  const round = (side: number): number =>
    clamp(Math.round(side / limits.multipleOf) * limits.multipleOf, limits.minSide, limits.maxSide);
  const width = round(Math.sqrt(area * ratio));
  const height = round(Math.sqrt(area / ratio));
  if (width * height <= limits.maxPixels) return { width, height };
  return width > height ? { width: width - limits.multipleOf, height } : { width, height: height - limits.multipleOf };
}

function within(field: string, value: number, least: number, most: number, { name }: ModelRow): void {
  if (value >= least && value <= most) return;
  refuse(field, least === most ? `“${name}” takes ${least} here.` : `“${name}” takes ${least} to ${most} here.`);
}

function refuse(field: string, message: string): never {
  throw new AppError('validation_error', message, { field: `parameters.${field}` });
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
