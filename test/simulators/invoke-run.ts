import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import type { createGraphChecker, GraphNode, InvokeGraph } from './invoke-graph.ts';
import { orderOf } from './invoke-graph.ts';
import { paintPng } from './paint-png.ts';

export interface StoredImage {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
  readonly owner: string;
  readonly isIntermediate: boolean;
}

/** What goes wrong as a graph runs, by the name that InvokeAI would give it. */
export class RunError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export interface Running {
  readonly graph: InvokeGraph;
  readonly owner: string;
  readonly images: Map<string, StoredImage>;
  hasModel(key: string): boolean;
  readonly checker: ReturnType<typeof createGraphChecker>;
}

/** Does what a graph says, as far as pictures tell: photos are cut and resized, colours come from seeds. @returns results by node */
export async function runGraph(running: Running): Promise<Record<string, unknown>> {
  const { graph, checker } = running;
  const results: Record<string, unknown> = {};
  for (const id of orderOf(graph) ?? []) {
    const node = graph.nodes?.[id] as GraphNode;
    const inputs = inputsOf(graph, node, results);
    for (const [field, value] of Object.entries(inputs)) {
      const [problem] = typeof value === 'object' ? [] : checker.valueProblems(node, field, value);
      if (problem) throw new RunError('ValidationError', `${node.type}.${field} ${problem}`);
    }
    results[id] = await runNode(running, node, inputs);
  }
  return results;
}

function inputsOf(
  { edges = [] }: InvokeGraph,
  node: GraphNode,
  results: Record<string, unknown>,
): Record<string, unknown> {
  const inputs: Record<string, unknown> = { ...node };
  for (const { source, destination } of edges) {
    if (destination.node_id !== node.id) continue;
    inputs[destination.field] = (results[source.node_id] as Record<string, unknown>)[source.field];
  }
  return inputs;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Latents as they go between nodes here: their size, their seed, and the picture that they are of. */
interface Latents extends Size {
  readonly seed: number | null;
  readonly of: string | null;
}

async function runNode(running: Running, node: GraphNode, inputs: Record<string, unknown>): Promise<unknown> {
  const { type } = node;
  for (const value of Object.values(node)) {
    const key = (value as { key?: unknown } | null)?.key;
    if (typeof key === 'string' && type.endsWith('_loader') && !running.hasModel(key)) {
      throw new RunError('UnknownModelException', `model ${key} not found`);
    }
  }
  const { width, height } = inputs as unknown as Size;
  if (type === 'integer' || type === 'string') return { type: `${type}_output`, value: inputs.value };
  if (type === 'core_metadata') return { type: 'metadata_output', metadata: metadataOf(inputs) };
  if (type === 'noise') return { type: 'noise_output', noise: { seed: inputs.seed, of: null, width, height } };
  if (type === 'img_crop' || type === 'img_resize') return transform(running, type, inputs);
  if (type === 'i2l' || type === 'flux_vae_encode') {
    const { image_name: name } = inputs.image as { image_name: string };
    const image = imageNamed(running, name);
    const latents: Latents = { seed: null, of: name, width: image.width, height: image.height };
    return { type: 'latents_output', latents };
  }
  if (type === 'denoise_latents' || type === 'flux_denoise') {
    return { type: 'latents_output', latents: denoise(inputs) };
  }
  if (type === 'l2i' || type === 'flux_vae_decode') return decode(running, node, inputs);
  // Loaders and encoders of words give something that nothing here looks into.
  return new Proxy({ type: `${type}_output` }, { get: (own, name) => Reflect.get(own, name) ?? {} });
}

function metadataOf(inputs: Record<string, unknown>): Record<string, unknown> {
  const { id: _id, type: _type, is_intermediate: _intermediate, use_cache: _cache, ...metadata } = inputs;
  return metadata;
}

function imageNamed({ images, owner }: Running, name: string): StoredImage {
  const found = images.get(name);
  if (found?.owner === owner) return found;
  throw new RunError('ImageFileNotFoundException', `image ${name} not found`);
}

async function transform(running: Running, type: string, inputs: Record<string, unknown>): Promise<unknown> {
  const image = imageNamed(running, (inputs.image as { image_name: string }).image_name);
  const { width, height, x, y } = inputs as Record<string, number>;
  const size = { width: width ?? 0, height: height ?? 0 };
  const isInside = (x ?? 0) + size.width <= image.width && (y ?? 0) + size.height <= image.height;
  if (type === 'img_crop' && !isInside) throw new RunError('ValueError', 'the simulator cuts within pictures alone');
  const from = sharp(image.bytes);
  const made =
    type === 'img_crop' ? from.extract({ left: x ?? 0, top: y ?? 0, ...size }) : from.resize({ ...size, fit: 'fill' });
  return keep(running, await made.png().toBuffer(), size, true);
}

function denoise(inputs: Record<string, unknown>): Latents {
  const noise = inputs.noise as Latents | undefined;
  const from = (inputs.latents as Latents | null) ?? null;
  const size = noise ?? (inputs as unknown as Size);
  if (from && (from.width !== size.width || from.height !== size.height)) {
    throw new RunError('RuntimeError', 'The size of tensor a must match the size of tensor b');
  }
  if (from && inputs.denoising_start === 0 && inputs.type === 'flux_denoise') return { ...from, of: null, seed: 0 };
  return {
    width: size.width,
    height: size.height,
    seed: noise ? noise.seed : Number(inputs.seed),
    of: from?.of ?? null,
  };
}

async function decode(running: Running, node: GraphNode, inputs: Record<string, unknown>): Promise<unknown> {
  const { width, height, seed, of } = inputs.latents as Latents;
  const from = of ? imageNamed(running, of).bytes : null;
  const text = { invokeai_metadata: JSON.stringify(inputs.metadata ?? {}) };
  const bytes = await paintPng({ width, height }, seed ?? 0, { from, text });
  return keep(running, bytes, { width, height }, node.is_intermediate === true);
}

function keep({ images, owner }: Running, bytes: Buffer, size: Size, isIntermediate: boolean) {
  const name = `${randomUUID()}.png`;
  images.set(name, { bytes, ...size, owner, isIntermediate });
  return { type: 'image_output', image: { image_name: name }, ...size };
}
