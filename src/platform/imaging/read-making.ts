import ExifReader from 'exifreader';
import { type ComfyNode, readComfyGraph } from './read-comfy-graph.ts';
import { readPainting } from './read-painting.ts';

/** How a picture came to be, as the file tells it. What is absent or impossible is not there. */
export interface Making {
  /** The last part of its IPTC digital source type (https://cv.iptc.org/newscodes/digitalsourcetype/). */
  readonly digitalSource: string | null;
  readonly tool?: string;
  readonly prompt?: string;
  readonly negativePrompt?: string;
  readonly modelKey?: string;
  readonly modelHash?: string;
  readonly modelName?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly cfgScale?: number;
  readonly scheduler?: string;
  readonly width?: number;
  readonly height?: number;
  /** 0 to 1: how far it may be from a picture that it was made of. */
  readonly strength?: number;
}

type Told = Partial<Omit<Making, 'digitalSource'>>;

interface Blocks {
  /** Text chunks of a PNG. */
  readonly comments?: readonly { keyword: string; text: string }[] | undefined;
  readonly exif?: Buffer | undefined;
  readonly xmp?: Buffer | undefined;
}

/** Graphs of hundreds of nodes are some hundred kilobytes; beyond this a text is none of theirs. */
const MAX_TEXT = 2 ** 20;
const MAX_PROMPT = 4000;
const MAX_NAME = 200;

/**
 * What Stable Diffusion web UI, InvokeAI, ComfyUI and the painter write into their files, and the mark of where a picture comes from that any program may
 * set. Never throws: whatever is damaged is as if it were absent.
 * @returns null when the file tells nothing of it
 */
export function readMaking(blocks: Blocks): Making | null {
  const texts = textsOf(blocks);
  const told =
    [fromInvoke, fromWebUi, fromComfy].map((read) => attempt(() => read(texts))).find(Boolean) ??
    attempt(() => fromPainter(blocks.xmp));
  const digitalSource = readDigitalSource(blocks.xmp) ?? (told ? guess(told) : null);
  return told || digitalSource ? { digitalSource, ...told } : null;
}

/** A picture that says what model made it was made by one, even where nobody has marked it so. */
const guess = ({ strength }: Told): string =>
  strength !== undefined && strength < 1 ? 'compositeWithTrainedAlgorithmicMedia' : 'trainedAlgorithmicMedia';

/** Its IPTC digital source type, in whichever of XMP's ways it is written. */
export function readDigitalSource(xmp: Buffer | undefined): string | null {
  if (!xmp || xmp.length > MAX_TEXT) return null;
  const [, term = null] =
    /DigitalSourceType[^a-z]{1,20}(?:rdf:resource="|rdf:parseType="Resource">\s*)?https?:\/\/cv\.iptc\.org\/newscodes\/digitalsourcetype\/([A-Za-z]{1,60})\b/.exec(
      xmp.toString('utf8'),
    ) ?? [];
  return term;
}

/** Texts by what they are called, wherever a format has room for them. */
function textsOf({ comments = [], exif }: Blocks): Map<string, string> {
  const texts = new Map<string, string>();
  for (const { keyword, text } of comments) if (text.length <= MAX_TEXT) texts.set(keyword, text);
  const comment = exif && readUserComment(exif);
  if (comment && !texts.has('parameters')) texts.set('parameters', comment);
  // ComfyUI has its graphs in WebP where a camera has its name.
  for (const text of exif ? readNames(exif) : []) {
    const [, name, value] = /^(prompt|workflow):\s*(\{.*)$/s.exec(text) ?? [];
    if (name && value) texts.set(name, value);
  }
  return texts;
}

const tiffOf = (exif: Buffer): Buffer => (exif.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif);

function readUserComment(exif: Buffer): string | null {
  const tags = loadTags(exif, ['UserComment']);
  const value = tags.UserComment?.value;
  if (!Array.isArray(value) || value.length > MAX_TEXT) return null;
  const bytes = Buffer.from(value as number[]);
  const encoding = bytes.toString('latin1', 0, 8);
  const body = bytes.subarray(8);
  if (encoding === 'UNICODE\0') return decodeUtf16(body);
  return encoding === 'ASCII\0\0\0' ? body.toString('utf8') : bytes.toString('utf8');
}

/** Exif does not say in which order the bytes are; of Latin text every other byte is zero, and tells it. */
function decodeUtf16(bytes: Buffer): string {
  const even = bytes.subarray(0, bytes.length & ~1);
  const zeros = (from: number): number => even.filter((byte, at) => at % 2 === from && byte === 0).length;
  return zeros(0) >= zeros(1) ? Buffer.from(even).swap16().toString('utf16le') : even.toString('utf16le');
}

function readNames(exif: Buffer): string[] {
  const tags = loadTags(exif, ['Make', 'Model']);
  return [tags.Make, tags.Model].flatMap((tag) => {
    const value = Array.isArray(tag?.value) ? tag.value[0] : tag?.value;
    return typeof value === 'string' && value.length <= MAX_TEXT ? [value] : [];
  });
}

function loadTags(exif: Buffer, includeTags: string[]): Record<string, { value?: unknown } | undefined> {
  return (
    attempt(() => {
      const { exif: found = {} } = ExifReader.load(tiffOf(exif), {
        expanded: true,
        includeTags: { exif: includeTags },
      });
      return found as Record<string, { value?: unknown }>;
    }) ?? {}
  );
}

/** InvokeAI since 3.0: one JSON of all that was set. */
function fromInvoke(texts: Map<string, string>): Told | null {
  const text = texts.get('invokeai_metadata');
  const said: unknown = text === undefined ? null : JSON.parse(text);
  if (!isRecord(said)) return null;
  const model = isRecord(said.model) ? said.model : {};
  return clean({
    tool: 'InvokeAI',
    prompt: said.positive_prompt,
    negativePrompt: said.negative_prompt,
    modelKey: model.key,
    modelHash: model.hash,
    modelName: model.name ?? model.model_name,
    seed: said.seed,
    steps: said.steps,
    cfgScale: said.cfg_scale ?? said.guidance,
    scheduler: said.scheduler,
    width: said.width,
    height: said.height,
    strength: said.strength,
  });
}

/**
 * Stable Diffusion web UI and its kin: the prompt, `Negative prompt: …`, and a last line of `Key: value` pairs that begins with the steps.
 */
function fromWebUi(texts: Map<string, string>): Told | null {
  const text = texts.get('parameters');
  if (text === undefined) return null;
  const lines = text.replaceAll('\r', '').trimEnd().split('\n');
  const at = lines.findLastIndex((line) => /^Steps: \d+(,|$)/.test(line));
  if (at < 0) return null;
  const said = readSettings(lines[at] ?? '');
  const words = lines.slice(0, at).join('\n');
  const cut = words.search(/^Negative prompt:/m);
  const [, width, height] = /^(\d+)x(\d+)$/.exec(said.get('Size') ?? '') ?? [];
  const number = (key: string): number | undefined => (said.has(key) ? Number(said.get(key)) : undefined);
  return clean({
    tool: 'Stable Diffusion web UI',
    prompt: cut < 0 ? words : words.slice(0, cut),
    negativePrompt: cut < 0 ? undefined : words.slice(cut + 'Negative prompt:'.length),
    modelHash: said.get('Model hash'),
    modelName: said.get('Model'),
    seed: number('Seed'),
    steps: number('Steps'),
    cfgScale: number('CFG scale'),
    scheduler: said.get('Sampler'),
    width: Number(width),
    height: Number(height),
    strength: number('Denoising strength'),
  });
}

/** `Key: value` pairs with commas between them; a value with a comma in it is quoted. Each character is looked at once. */
function readSettings(line: string): Map<string, string> {
  const said = new Map<string, string>();
  for (let at = 0; at < line.length; ) {
    const colon = line.indexOf(':', at);
    if (colon < 0) break;
    const key = line.slice(at, colon).trim();
    let from = colon + 1;
    while (line[from] === ' ') from += 1;
    let end = line.indexOf(',', from);
    let value: string;
    if (line[from] === '"') {
      let quote = from + 1;
      while (quote < line.length && line[quote] !== '"') quote += line[quote] === '\\' ? 2 : 1;
      value = line.slice(from + 1, quote);
      end = line.indexOf(',', quote);
    } else value = line.slice(from, end < 0 ? line.length : end);
    if (!said.has(key)) said.set(key, value.trim());
    at = end < 0 ? line.length : end + 1;
  }
  return said;
}

/** ComfyUI: the graph that was run, in which a sampler leads to everything else. */
function fromComfy(texts: Map<string, string>): Told | null {
  const text = texts.get('prompt');
  const graph: unknown = text?.trimStart().startsWith('{') ? JSON.parse(text) : null;
  if (!isRecord(graph)) return null;
  const nodes = new Map<string, ComfyNode>();
  for (const [id, node] of Object.entries(graph)) {
    if (isRecord(node) && typeof node.class_type === 'string' && isRecord(node.inputs)) {
      nodes.set(id, { type: node.class_type, inputs: node.inputs });
    }
  }
  const said = readComfyGraph(nodes);
  return said && clean({ tool: 'ComfyUI', ...said });
}

function fromPainter(xmp: Buffer | undefined): Told | null {
  const said = xmp && xmp.length <= MAX_TEXT ? readPainting(xmp) : null;
  return said && clean(said);
}

/** Lets through what is of the right kind and within reason. */
function clean(said: { [Name in keyof Told]: unknown }): Told {
  const told: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(said)) {
    const kept = kindOf[name as keyof Told](value);
    if (kept !== undefined) told[name] = kept;
  }
  return told;
}

const textUpTo =
  (most: number) =>
  (value: unknown): string | undefined => {
    if (typeof value !== 'string') return undefined;
    const plain = value
      .toWellFormed()
      .replace(/\r\n?/g, '\n')
      .replace(/[^\P{Cc}\n]/gu, ' ')
      .trim();
    return plain.slice(0, most).toWellFormed() || undefined;
  };
const name = textUpTo(MAX_NAME);
const numberUpTo =
  (least: number, most: number) =>
  (value: unknown): number | undefined =>
    typeof value === 'number' && value >= least && value <= most ? value : undefined;
const whole =
  (least: number, most: number) =>
  (value: unknown): number | undefined =>
    Number.isSafeInteger(value) ? numberUpTo(least, most)(value) : undefined;

const kindOf: Record<keyof Told, (value: unknown) => string | number | undefined> = {
  tool: name,
  prompt: textUpTo(MAX_PROMPT),
  negativePrompt: textUpTo(MAX_PROMPT),
  modelKey: name,
  modelHash: name,
  modelName: name,
  seed: whole(0, Number.MAX_SAFE_INTEGER),
  steps: whole(1, 10_000),
  cfgScale: numberUpTo(0, 1000),
  scheduler: name,
  width: whole(1, 100_000),
  height: whole(1, 100_000),
  strength: numberUpTo(0, 1),
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function attempt<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch {
    return null;
  }
}
