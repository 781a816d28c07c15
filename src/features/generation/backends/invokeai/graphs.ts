import type { Batch } from '../backend.ts';
import type { Ingredients } from './models.ts';

/** Nodes that are found again in what comes back. */
export const OUTPUT = 'output';
export const SEED = 'seed';
export const DENOISE = 'denoise';

interface Node {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Edge {
  readonly source: { readonly node_id: string; readonly field: string };
  readonly destination: { readonly node_id: string; readonly field: string };
}

export interface Graph {
  readonly id: string;
  readonly nodes: Record<string, Node>;
  readonly edges: Edge[];
}

/** A picture that was uploaded to start from. */
export interface Source {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  /** How far from it, 0 to 1. */
  readonly strength: number;
}

type Asked = Pick<Batch, 'prompt' | 'negativePrompt' | 'sampling'>;

interface Drawing {
  readonly graph: Graph;
  add(id: string, type: string, fields?: Record<string, unknown>): void;
  /** Leads an output to inputs, each written as `node.field`. */
  lead(from: string, ...to: string[]): void;
}

/** What is to be done for one picture; its seed is put in by the batch. */
export function drawGraph(id: string, asked: Asked, ingredients: Ingredients, source: Source | null): Graph {
  const drawing = startDrawing(id);
  const { add, lead } = drawing;
  const { width, height } = asked.sampling;
  add(SEED, 'integer');
  add('prompt', 'string', { value: asked.prompt });
  if (ingredients.base === 'flux') drawFlux(drawing, asked, ingredients, source);
  else drawDiffusion(drawing, asked, ingredients, source);
  if (source) drawSource(drawing, source, { width, height });
  drawMetadata(drawing, asked, ingredients, source);
  lead('metadata.metadata', `${OUTPUT}.metadata`);
  return drawing.graph;
}

function startDrawing(id: string): Drawing {
  const graph: Graph = { id, nodes: {}, edges: [] };
  const end = (path: string) => {
    const at = path.lastIndexOf('.');
    return { node_id: path.slice(0, at), field: path.slice(at + 1) };
  };
  return {
    graph,
    add(nodeId, type, fields = {}) {
      graph.nodes[nodeId] = { id: nodeId, type, is_intermediate: true, use_cache: true, ...fields };
    },
    lead(from, ...to) {
      for (const each of to) graph.edges.push({ source: end(from), destination: end(each) });
    },
  };
}

/** SD1 and SDXL: both prompts, noise of the seed, and latents between them and the picture. */
function drawDiffusion({ add, lead }: Drawing, asked: Asked, ingredients: Ingredients, source: Source | null): void {
  const { width, height, steps, cfg_scale, scheduler } = asked.sampling;
  const { base, main, vae, isFp32 } = ingredients;
  const isSdxl = base === 'sdxl';
  add('negative', 'string', { value: asked.negativePrompt });
  add('model', isSdxl ? 'sdxl_model_loader' : 'main_model_loader', { model: main });
  if (vae) add('vae', 'vae_loader', { vae_model: vae });
  const decoder = vae ? 'vae.vae' : 'model.vae';

  for (const sign of ['positive', 'negative']) {
    const words = sign === 'positive' ? 'prompt' : 'negative';
    add(`${sign}_conditioning`, isSdxl ? 'sdxl_compel_prompt' : 'compel');
    lead(`${words}.value`, `${sign}_conditioning.prompt`);
    if (isSdxl) {
      lead(`${words}.value`, `${sign}_conditioning.style`);
      lead('model.clip', `${sign}_conditioning.clip`);
      lead('model.clip2', `${sign}_conditioning.clip2`);
    } else lead('clip_skip.clip', `${sign}_conditioning.clip`);
    add(`${sign}_collect`, 'collect');
    lead(`${sign}_conditioning.conditioning`, `${sign}_collect.item`);
    lead(`${sign}_collect.collection`, `${DENOISE}.${sign}_conditioning`);
  }
  if (!isSdxl) {
    add('clip_skip', 'clip_skip', { skipped_layers: 0 });
    lead('model.clip', 'clip_skip.clip');
  }

  // On the processor, so that the same seed makes the same noise on every card.
  add('noise', 'noise', { width, height, use_cpu: true });
  const denoising = { denoising_start: startOf(source, steps), denoising_end: 1, cfg_rescale_multiplier: 0 };
  add(DENOISE, 'denoise_latents', { steps, cfg_scale, scheduler, ...denoising });
  add(OUTPUT, 'l2i', { is_intermediate: false, use_cache: false, fp32: isFp32 });
  lead(`${SEED}.value`, 'noise.seed');
  lead('model.unet', `${DENOISE}.unet`);
  lead('noise.noise', `${DENOISE}.noise`);
  lead(`${DENOISE}.latents`, `${OUTPUT}.latents`);
  lead(decoder, `${OUTPUT}.vae`);
  if (!source) return;
  add('encode', 'i2l', { fp32: isFp32 });
  lead(decoder, 'encode.vae');
}

/** FLUX knows no negative prompt, and makes its noise itself. Its guidance stands where others have their scale. */
function drawFlux({ add, lead }: Drawing, asked: Asked, ingredients: Ingredients, source: Source | null): void {
  const { width, height, steps, cfg_scale, scheduler } = asked.sampling;
  const { main, vae, t5Encoder, clipEmbed } = ingredients;
  add('model', 'flux_model_loader', {
    model: main,
    ...(t5Encoder ? { t5_encoder_model: t5Encoder } : {}),
    ...(clipEmbed ? { clip_embed_model: clipEmbed } : {}),
    ...(vae ? { vae_model: vae } : {}),
  });
  add('positive_conditioning', 'flux_text_encoder');
  lead('model.clip', 'positive_conditioning.clip');
  lead('model.t5_encoder', 'positive_conditioning.t5_encoder');
  lead('model.max_seq_len', 'positive_conditioning.t5_max_seq_len');
  lead('prompt.value', 'positive_conditioning.prompt');
  add(DENOISE, 'flux_denoise', {
    ...{ width, height, num_steps: steps, guidance: cfg_scale, scheduler },
    ...{ denoising_start: startOf(source, steps), denoising_end: 1 },
  });
  lead('model.transformer', `${DENOISE}.transformer`);
  lead('positive_conditioning.conditioning', `${DENOISE}.positive_text_conditioning`);
  lead(`${SEED}.value`, `${DENOISE}.seed`);
  add(OUTPUT, 'flux_vae_decode', { is_intermediate: false, use_cache: false });
  lead(`${DENOISE}.latents`, `${OUTPUT}.latents`);
  lead('model.vae', `${OUTPUT}.vae`);
  if (!source) return;
  add('encode', 'flux_vae_encode');
  lead('model.vae', 'encode.vae');
}

/** The middle of the photo in the proportions that were asked for, then its size: `img_resize` alone would stretch it. */
function drawSource({ add, lead }: Drawing, source: Source, size: { width: number; height: number }): void {
  const { image, width, height } = source;
  const scale = Math.min(width / size.width, height / size.height);
  const crop = {
    width: Math.max(1, Math.round(size.width * scale)),
    height: Math.max(1, Math.round(size.height * scale)),
  };
  const x = Math.max(0, Math.floor((width - crop.width) / 2));
  const y = Math.max(0, Math.floor((height - crop.height) / 2));
  add('crop', 'img_crop', { image: { image_name: image }, x, y, ...crop });
  add('resize', 'img_resize', { ...size, resample_mode: 'lanczos' });
  lead('crop.image', 'resize.image');
  lead('resize.image', 'encode.image');
  lead('encode.latents', `${DENOISE}.latents`);
}

/** What InvokeAI writes into the file, as its own pages do; whoever opens the picture there finds it. */
function drawMetadata(
  { add, lead, graph }: Drawing,
  asked: Asked,
  ingredients: Ingredients,
  source: Source | null,
): void {
  const { width, height, steps, cfg_scale, scheduler } = asked.sampling;
  const { base, main, vae, t5Encoder, clipEmbed } = ingredients;
  const prefix = base === 'sd-1' ? '' : `${base}_`;
  const shared = { width, height, steps, scheduler, model: main, ...(vae ? { vae } : {}) };
  const own =
    base === 'flux'
      ? { guidance: cfg_scale, ...(t5Encoder ? { t5_encoder: t5Encoder } : {}), clip_embed_model: clipEmbed }
      : { cfg_scale, cfg_rescale_multiplier: 0, rand_device: 'cpu', ...(base === 'sd-1' ? { clip_skip: 0 } : {}) };
  add('metadata', 'core_metadata', {
    generation_mode: `${prefix}${source ? 'img2img' : 'txt2img'}`,
    ...shared,
    ...own,
    ...(source ? { strength: source.strength } : {}),
  });
  lead(`${SEED}.value`, 'metadata.seed');
  lead('prompt.value', 'metadata.positive_prompt');
  if (graph.nodes.negative) lead('negative.value', 'metadata.negative_prompt');
}

/** A strength of 1 begins at the noise; of 0 it would do nothing, so one step is left at the least. */
function startOf(source: Source | null, steps: number): number {
  if (!source) return 0;
  const start = Math.min(1 - source.strength, 1 - 1 / steps);
  return Math.round(Math.max(0, start) * 1e4) / 1e4;
}
