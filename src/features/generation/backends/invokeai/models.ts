import { BackendError, type Batch, type Limits, type Model, type Sampling } from '../backend.ts';
import { type Identifier, models, type RemoteModel } from './answers.ts';
import type { InvokeAiClient } from './client.ts';

const bases = ['sd-1', 'sdxl', 'flux'] as const;

export type Base = (typeof bases)[number];

/** Everything that graphs are made of. */
export interface Catalogue {
  readonly mains: readonly RemoteModel[];
  readonly vaes: readonly RemoteModel[];
  readonly t5Encoders: readonly RemoteModel[];
  readonly clipEmbeds: readonly RemoteModel[];
}

/** What a batch is made with, all of it as graphs name it. */
export interface Ingredients {
  readonly base: Base;
  readonly main: Identifier;
  /** In place of the model's own; FLUX has none of its own. */
  readonly vae: Identifier | null;
  readonly t5Encoder: Identifier | null;
  readonly clipEmbed: Identifier | null;
  /** In half precision the decoder of SDXL may paint black. */
  readonly isFp32: boolean;
}

/** What `denoise_latents` takes, in InvokeAI's own order. */
export const schedulers = [
  ...['ddim', 'ddpm', 'deis', 'deis_k', 'lms', 'lms_k', 'pndm', 'heun', 'heun_k', 'euler', 'euler_k', 'euler_a'],
  ...['kdpm_2', 'kdpm_2_k', 'kdpm_2_a', 'kdpm_2_a_k', 'dpmpp_2s', 'dpmpp_2s_k', 'dpmpp_2m', 'dpmpp_2m_k'],
  ...['dpmpp_2m_sde', 'dpmpp_2m_sde_k', 'dpmpp_3m', 'dpmpp_3m_k', 'dpmpp_sde', 'dpmpp_sde_k', 'er_sde', 'unipc'],
  ...['unipc_k', 'lcm', 'tcd'],
];

export const fluxSchedulers = ['euler', 'heun', 'lcm'];

const diffusion = { multipleOf: 8, minSteps: 1, maxSteps: 150, minCfgScale: 1, maxCfgScale: 30, schedulers };

const limitsOf: Record<Base, Limits> = {
  // Beyond that size its pictures repeat themselves, and those of most cards do not fit.
  'sd-1': { ...diffusion, minSide: 256, maxSide: 1536, maxPixels: 1024 * 1536 },
  sdxl: { ...diffusion, minSide: 256, maxSide: 2048, maxPixels: 2048 * 2048 },
  flux: {
    ...{ multipleOf: 16, minSide: 256, maxSide: 2048, maxPixels: 2048 * 2048 },
    ...{ minSteps: 1, maxSteps: 100, minCfgScale: 1, maxCfgScale: 20, schedulers: fluxSchedulers },
    negativePrompt: false,
  },
};

const usual: Record<Base, Sampling> = {
  'sd-1': { width: 512, height: 512, steps: 30, cfg_scale: 7.5, scheduler: 'euler' },
  sdxl: { width: 1024, height: 1024, steps: 30, cfg_scale: 7.5, scheduler: 'euler' },
  flux: { width: 1024, height: 1024, steps: 30, cfg_scale: 4, scheduler: 'euler' },
};

const listBytes = 32 * 1024 * 1024;

export async function readCatalogue(client: InvokeAiClient, signal: AbortSignal): Promise<Catalogue> {
  const list = async (type: string, only: readonly string[] = []) => {
    const query = { model_type: type, base_models: only };
    const answer = await client.ask(models, '/api/v2/models/', { query, signal, maxBytes: listBytes });
    return answer.models.filter((model) => model?.type === type).filter((model) => model !== null);
  };
  const [mains, vaes, t5Encoders, clipEmbeds] = await Promise.all([
    list('main', bases),
    list('vae', bases),
    list('t5_encoder'),
    list('clip_embed'),
  ]);
  return { mains: mains.filter(isPainter), vaes, t5Encoders, clipEmbeds };
}

const isBase = (base: string): base is Base => (bases as readonly string[]).includes(base);

/** Those that paint from words; others fill gaps, or follow depths. */
const isPainter = ({ base, variant }: RemoteModel) =>
  isBase(base) && (!variant || ['normal', 'dev', 'schnell'].includes(variant));

/** Those that can be used with what is installed, as they are offered. */
export function listModels(catalogue: Catalogue): Model[] {
  return catalogue.mains.flatMap((main) => {
    if (!isBase(main.base) || !partsOf(catalogue, main, null)) return [];
    const limits = limitsOf[main.base];
    return {
      key: main.key,
      hash: main.hash,
      name: main.name,
      type: main.type,
      base: main.base,
      description: main.description?.trim() || null,
      compatibleVae: catalogue.vaes
        .filter(({ base }) => base === main.base)
        .map(({ key, hash, name }) => ({ key, hash, name, isDefault: key === main.default_settings?.vae })),
      defaults: defaultsOf(main, main.base, limits),
      limits,
    };
  });
}

/** What the model's own settings say, as far as it keeps to the limits. */
function defaultsOf({ default_settings: own, variant }: RemoteModel, base: Base, limits: Limits): Sampling {
  const fallback = base === 'flux' && variant === 'schnell' ? { ...usual.flux, steps: 4 } : usual[base];
  const between = (value: number | null | undefined, min: number, max: number) =>
    typeof value === 'number' && value >= min && value <= max ? value : null;
  const side = (value: number | null | undefined) => {
    const fits = between(value, limits.minSide, limits.maxSide);
    return fits === null ? null : Math.floor(fits / limits.multipleOf) * limits.multipleOf;
  };
  const [width, height] = [side(own?.width), side(own?.height)];
  const size = width && height && width * height <= limits.maxPixels ? { width, height } : {};
  const scale = base === 'flux' ? own?.guidance : own?.cfg_scale;
  return {
    ...fallback,
    ...size,
    steps: Math.round(between(own?.steps, limits.minSteps, limits.maxSteps) ?? fallback.steps),
    cfg_scale: between(scale, limits.minCfgScale, limits.maxCfgScale) ?? fallback.cfg_scale,
    scheduler: limits.schedulers.includes(own?.scheduler ?? '') ? (own?.scheduler as string) : fallback.scheduler,
  };
}

type Parts = Pick<Ingredients, 'vae' | 't5Encoder' | 'clipEmbed'>;

/** Null where something is missing that the model cannot do without. */
function partsOf(catalogue: Catalogue, main: RemoteModel, vae: RemoteModel | null): Parts | null {
  if (main.base !== 'flux') return { vae: vae && name(vae), t5Encoder: null, clipEmbed: null };
  const vaes = catalogue.vaes.filter(({ base }) => base === 'flux');
  const ownVae = vae ?? vaes.find(({ key }) => key === main.default_settings?.vae) ?? vaes[0];
  const [t5Encoder] = catalogue.t5Encoders;
  // The one of OpenAI that FLUX was trained with; "G" is of SDXL and SD3.
  const clipEmbed = catalogue.clipEmbeds.find(({ variant }) => !variant || variant === 'large');
  const isWhole = main.format === 'diffusers';
  if (!isWhole && !(ownVae && t5Encoder && clipEmbed)) return null;
  return {
    vae: ownVae ? name(ownVae) : null,
    t5Encoder: t5Encoder ? name(t5Encoder) : null,
    clipEmbed: clipEmbed ? name(clipEmbed) : null,
  };
}

/** @throws BackendError when the model, or something that it needs, is not there (any more) */
export function gather(catalogue: Catalogue, { model, vae }: Pick<Batch, 'model' | 'vae'>): Ingredients {
  const main = catalogue.mains.find(({ key }) => key === model.key);
  if (!main || !isBase(main.base)) {
    throw modelError(`The model "${model.name}" is no longer at InvokeAI. Choose another one.`);
  }
  const chosen = vae && catalogue.vaes.find(({ key, base }) => key === vae.key && base === main.base);
  if (vae && !chosen) throw modelError(`The VAE that was chosen does not go with "${main.name}". Choose another one.`);
  const parts = partsOf(catalogue, main, chosen ?? null);
  if (!parts) {
    throw modelError(`"${main.name}" needs a T5 encoder, a CLIP model and a VAE, and InvokeAI lacks one of them.`);
  }
  const isFp32 = main.default_settings?.vae_precision !== 'fp16';
  return { base: main.base, main: name(main), ...parts, isFp32 };
}

const name = ({ key, hash, name, base, type }: RemoteModel): Identifier => ({ key, hash, name, base, type });

const modelError = (message: string) => new BackendError('invokeai_model_error', message);
