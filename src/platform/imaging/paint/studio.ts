import { type Canvas, createCanvas } from './canvas.ts';
import { compose } from './compose.ts';
import { finishes } from './finish.ts';
import type { Tools } from './lay-shape.ts';
import type { Lineage } from './lineage.ts';
import { manners } from './media.ts';
import { cloudTile, createNoise, grainTile } from './noise.ts';
import type { PaintRequest } from './paint-request.ts';
import { paintScene } from './paint-scene.ts';
import { choosePalette } from './palette.ts';
import { createRandom, mix, type Random } from './random.ts';
import { type Brief, type Medium, readPrompt } from './read-prompt.ts';
import type { Scene } from './scene.ts';

/** Everything that is decided before the first stroke. */
export interface Studio {
  readonly brief: Brief;
  readonly medium: Medium;
  /** What the composition takes from chance, and what is new in this picture. Both are the same where it has no forebear. */
  readonly random: Random;
  readonly fresh: Random;
  readonly tools: Tools;
  /** 0.27 to 1.2. */
  readonly detail: number;
  /** 0 to 1; a half is as colours come. */
  readonly literal: number;
  /** Pixels a unit at full size. */
  readonly scale: number;
  readonly lineage: Lineage;
  /** The parts of a composition that are made anew; null where all are. */
  readonly freed: ReadonlySet<string> | null;
}

/** Media that suit any subject: one of them is taken where the prompt names none. */
const anyMedium: readonly Medium[] = ['gouache', 'paper', 'oil', 'watercolour'];

/** From which strength on a part of a composition no longer stays what it was; mountains and towns stay. */
const staysUntil: Readonly<Record<string, number>> = {
  ...{
    clouds: 0.15,
    cloudiness: 0.3,
    birds: 0.15,
    flock: 0.3,
    stars: 0.15,
    weather: 0,
    glints: 0,
    rings: 0.15,
    boats: 0.3,
  },
  ...{ light: 0.25, aurora: 0.3, shows: 0.3, balloons: 0.4, foreground: 0.5 },
};

/** Colours are others, not only turned, above this strength. */
const COLOURS_STAY_UNTIL = 0.45;

/** @param forebear what a painted picture that is the source tells of itself */
export function openStudio(request: Omit<PaintRequest, 'outPath'>, forebear: Lineage | null): Studio {
  const { prompt, negativePrompt, seed, width, height, steps, cfgScale, source } = request;
  const strength = forebear && source ? source.strength : 1;
  const lineage: Lineage = {
    prompts: [...(forebear?.prompts ?? []), prompt].slice(-50),
    seed: forebear?.seed ?? seed,
    colours: forebear && strength <= COLOURS_STAY_UNTIL ? forebear.colours : seed,
  };
  // What is said last is read first, and wins; the first words decide what kind of picture it is.
  const { hash } = readPrompt(lineage.prompts[0] as string, negativePrompt);
  const brief: Brief = { ...readPrompt(lineage.prompts.toReversed().join(', '), negativePrompt), hash };
  const medium = brief.medium ?? (anyMedium[brief.hash % anyMedium.length] as Medium);
  const random = createRandom(mix(lineage.seed) ^ hash);
  const fresh = forebear ? createRandom(mix(seed) ^ hash) : random;
  return {
    brief,
    medium,
    random,
    fresh,
    tools: {
      manner: manners[medium],
      noise: createNoise(random.fork('noise')),
      grain: grainTile(random.fork('grain'), 512, 1),
      cloud: cloudTile(random.fork('cloud'), 512, 6, 6),
    },
    detail: Math.min(1.2, 0.25 + steps / 40),
    literal: Math.min(1, Math.max(0, (cfgScale - 1) / 13)),
    scale: Math.sqrt(width * height),
    lineage,
    freed: forebear && new Set(Object.keys(staysUntil).filter((part) => strength > (staysUntil[part] as number))),
  };
}

/** What the prompts alone would be. */
export function composeScene(studio: Studio, width: number, height: number): Scene {
  const { brief, medium, random, fresh, tools, detail, literal, scale, lineage, freed } = studio;
  const composition = random.fork('composition');
  const anew = fresh.fork('composition');
  return compose({
    brief,
    palette: choosePalette(brief, { scheme: lineage.colours, turn: fresh.fork('turn').between(-9, 9), literal }),
    random: composition,
    part: (name) => (freed?.has(name) ? anew : composition).fork(name),
    width: width / scale,
    height: height / scale,
    detail,
    isHard: tools.manner.isHard,
    isBroad: medium === 'oil',
    variant: (lineage.seed + brief.hash) % 60,
  });
}

/** An empty canvas that shows the whole picture `factor` times smaller. */
export function smallCanvas({ scale }: Studio, width: number, height: number, factor: number): Canvas {
  return createCanvas(
    Math.max(8, Math.round(width / factor)),
    Math.max(8, Math.round(height / factor)),
    scale / factor,
  );
}

export function paintOn(
  canvas: Canvas,
  scene: Scene,
  { tools }: Studio,
  done: (share: number) => void = () => {},
): void {
  paintScene(canvas, scene, tools, (layers) => done(layers / scene.layers.length));
}

export function finish(canvas: Canvas, { medium, tools, fresh, detail }: Studio): void {
  finishes[medium](canvas, { ...tools, random: fresh.fork('finish'), detail });
}
