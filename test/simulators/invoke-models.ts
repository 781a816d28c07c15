import { randomUUID } from 'node:crypto';

/** A model as the list of InvokeAI has it; `schema` is the name of its form in the document. */
export interface SimulatedModel {
  readonly schema: string;
  readonly key: string;
  readonly name: string;
  readonly base: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

function model(
  schema: string,
  name: string,
  base: string,
  type: string,
  more: Record<string, unknown> = {},
): SimulatedModel {
  const key = randomUUID();
  return {
    ...{ schema, key, name, base, type, hash: `blake3:${key.replaceAll('-', '').repeat(2)}` },
    ...{ path: `${key}/${name}`, file_size: 1000, description: `${name} of the simulator`, source: name },
    ...{ source_type: 'path', source_api_response: null, source_url: null, cover_image: null },
    ...more,
  };
}

const main = { trigger_phrases: null, default_settings: null, config_path: null };
const checkpoint = { ...main, format: 'checkpoint', prediction_type: 'epsilon', variant: 'normal' };

/** One of each that matters, and some that do not paint. */
export function makeModels(): SimulatedModel[] {
  const sd1Vae = model('VAE_Checkpoint_SD1_Config', 'vae-ft-mse', 'sd-1', 'vae', vae);
  const settings = { width: 512, height: 768, steps: 25, cfg_scale: 6, scheduler: 'dpmpp_2m_k', vae: sd1Vae.key };
  const fp16 = { vae_precision: 'fp16', scheduler: 'nonsense of tomorrow', width: 4096, height: 4096 };
  return [
    model('Main_Checkpoint_SD1_Config', 'Dreamshaper 8', 'sd-1', 'main', { ...checkpoint, default_settings: settings }),
    model('Main_Checkpoint_SD1_Config', 'Filler of gaps', 'sd-1', 'main', { ...checkpoint, variant: 'inpaint' }),
    model('Main_Checkpoint_SDXL_Config', 'Juggernaut XL', 'sdxl', 'main', checkpoint),
    model('', 'Of a newer version', 'sdxl', 'main', { ...checkpoint, default_settings: fp16 }),
    model('Main_Checkpoint_FLUX_Config', 'FLUX schnell', 'flux', 'main', flux),
    model('Main_Checkpoint_FLUX_Config', 'FLUX fill', 'flux', 'main', { ...flux, variant: 'dev_fill' }),
    sd1Vae,
    model('VAE_Checkpoint_SDXL_Config', 'sdxl-vae', 'sdxl', 'vae', vae),
    model('VAE_Checkpoint_FLUX_Config', 'FLUX ae', 'flux', 'vae', vae),
    model('T5Encoder_BnBLLMint8_Config', 't5 int8', 'any', 't5_encoder', {
      format: 'bnb_quantized_int8b',
      cpu_only: null,
    }),
    model('CLIPEmbed_Diffusers_G_Config', 'clip bigG', 'any', 'clip_embed', { ...clip, variant: 'gigantic' }),
    model('CLIPEmbed_Diffusers_L_Config', 'clip L', 'any', 'clip_embed', { ...clip, variant: 'large' }),
  ];
}

const vae = { config_path: null, format: 'checkpoint', cpu_only: null };
const flux = { ...main, format: 'checkpoint', variant: 'schnell' };
const clip = { format: 'diffusers', repo_variant: '', cpu_only: null };
