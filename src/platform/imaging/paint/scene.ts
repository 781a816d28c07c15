import type { Gradient } from './canvas.ts';
import type { Lab } from './oklab.ts';
import type { Palette } from './palette.ts';
import type { Random } from './random.ts';
import type { Brief } from './read-prompt.ts';

/** Corners of a closed shape, x and y in turn, in units: a picture's area is 1, its upper left corner 0, 0. */
export type Outline = number[];

/** Something that is painted over what was painted before. Lengths are in units. */
export type Layer =
  | {
      readonly kind: 'shape';
      readonly outlines: readonly Outline[];
      readonly gradient: Gradient;
      /** The heights at which the gradient begins and ends. */
      readonly from: number;
      readonly to: number;
      readonly opacity?: readonly [number, number];
      /** 0 is the farthest, 1 the nearest. */
      readonly depth: number;
      /** A part of the shape before it, or too small for a shadow, an edge or a wash of its own. */
      readonly detail?: boolean;
    }
  | {
      readonly kind: 'glow';
      readonly x: number;
      readonly y: number;
      readonly radius: number;
      readonly colour: Lab;
      readonly strength: number;
    }
  | {
      readonly kind: 'clouds';
      readonly top: number;
      readonly bottom: number;
      readonly amount: number;
      readonly lit: Lab;
      readonly shade: Lab;
    }
  | {
      readonly kind: 'mist';
      readonly y: number;
      readonly height: number;
      readonly colour: Lab;
      readonly strength: number;
    }
  /** Mirrors what is above `y`. `light` is where the sun stands, for its path. */
  | {
      readonly kind: 'water';
      readonly y: number;
      readonly tint: Lab;
      readonly share: number;
      readonly ripple: number;
      readonly light: { x: number; colour: Lab; strength: number } | null;
    }
  | { readonly kind: 'aurora'; readonly y: number; readonly height: number; readonly colours: readonly [Lab, Lab] };

export interface Scene {
  readonly sky: Gradient;
  /** Where the gradient of the sky ends. */
  readonly horizon: number;
  readonly layers: readonly Layer[];
  readonly palette: Palette;
}

/** What a composition is made from. */
export interface Setting {
  readonly brief: Brief;
  readonly palette: Palette;
  readonly random: Random;
  /** Chance for one part of the picture alone: what it takes changes nothing in another. */
  readonly part: (name: string) => Random;
  /** In units. */
  readonly width: number;
  readonly height: number;
  /** 0 to 1.2: how much of what is small is worked out. */
  readonly detail: number;
  /** Whether the medium has edges rather than transitions: its clouds are cut out, its sky is made of rings. */
  readonly isHard: boolean;
  /** Whether its brush is too broad for blades of grass. */
  readonly isBroad: boolean;
  /** Which of several ways to compose, from 0; the pictures of one batch take them in turn. */
  readonly variant: number;
}
