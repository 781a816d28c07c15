/** A node of a graph as ComfyUI runs it: an input is a value, or a link `[node, output]`. */
export interface ComfyNode {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Loops and long chains end here. */
const MAX_HOPS = 50;

/**
 * What a graph of ComfyUI was set to: looks for the sampler that the last picture came from, and from there along the links for what was
 * written, and with which model.
 * @returns null where there is no sampler
 */
export function readComfyGraph(nodes: ReadonlyMap<string, ComfyNode>): Record<string, unknown> | null {
  const samplers = [...nodes.values()].filter(({ type, inputs }) => /sampler/i.test(type) && 'steps' in inputs);
  // Where a picture is sampled twice, the first of them has made it, and the others have refined it.
  const sampler =
    samplers.find(({ inputs }) => find(nodes, inputs.latent_image, (node) => /^Empty.*Latent/.test(node.type))) ??
    samplers[0];
  if (!sampler) return null;
  const { inputs } = sampler;
  const empty = find(nodes, inputs.latent_image, (node) => 'width' in node.inputs && 'height' in node.inputs);
  const model = find(nodes, inputs.model, ({ inputs: given }) => modelInputs.some((name) => name in given));
  const resolve = (value: unknown): unknown => resolveValue(nodes, value);
  return {
    prompt: textOf(nodes, inputs.positive),
    negativePrompt: textOf(nodes, inputs.negative),
    modelName: model && modelInputs.map((name) => model.inputs[name]).find((value) => typeof value === 'string'),
    seed: resolve(inputs.seed ?? inputs.noise_seed),
    steps: resolve(inputs.steps),
    cfgScale: resolve(inputs.cfg),
    scheduler: [inputs.sampler_name, inputs.scheduler].filter((part) => typeof part === 'string').join(' '),
    width: resolve(empty?.inputs.width),
    height: resolve(empty?.inputs.height),
    strength: resolve(inputs.denoise),
  };
}

const modelInputs = ['ckpt_name', 'unet_name', 'model_name'];

const nodeAt = (nodes: ReadonlyMap<string, ComfyNode>, link: unknown): ComfyNode | undefined =>
  Array.isArray(link) && link.length === 2 ? nodes.get(String(link[0])) : undefined;

/** The nearest node along the links, the one that is linked to included. */
function find(
  nodes: ReadonlyMap<string, ComfyNode>,
  link: unknown,
  isWanted: (node: ComfyNode) => boolean,
): ComfyNode | undefined {
  const seen = new Set<ComfyNode>();
  let front = [nodeAt(nodes, link)];
  for (let hops = 0; hops < MAX_HOPS && front.length > 0; hops += 1) {
    const next: (ComfyNode | undefined)[] = [];
    for (const node of front) {
      if (!node || seen.has(node)) continue;
      if (isWanted(node)) return node;
      seen.add(node);
      for (const value of Object.values(node.inputs)) next.push(nodeAt(nodes, value));
    }
    front = next;
  }
  return undefined;
}

/** What was written into the encoder that a conditioning comes from, or into a node that hands text on to it. */
function textOf(nodes: ReadonlyMap<string, ComfyNode>, link: unknown): string | undefined {
  const node = find(nodes, link, ({ inputs }) => textInputs.some((name) => name in inputs));
  const value = node && textInputs.map((name) => node.inputs[name]).find((given) => given !== undefined);
  const text = resolveValue(nodes, value);
  return typeof text === 'string' ? text : undefined;
}

const textInputs = ['text', 'text_g', 't5xxl', 'clip_l', 'prompt'];

/** A value as it stands, or that of the node it is linked to: primitives have it under one of some names. */
function resolveValue(nodes: ReadonlyMap<string, ComfyNode>, value: unknown, hops = 0): unknown {
  const node = nodeAt(nodes, value);
  if (!node) return Array.isArray(value) ? undefined : value;
  if (hops > MAX_HOPS) return undefined;
  const given = ['value', 'seed', 'noise_seed', 'text', 'string', 'int', 'float', 'Number', 'String'].find(
    (name) => name in node.inputs,
  );
  return given === undefined ? undefined : resolveValue(nodes, node.inputs[given], hops + 1);
}
