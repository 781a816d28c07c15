import type { Medium } from './read-prompt.ts';

/** How a medium lays colour, before what it does to the picture as a whole. Lengths are in units. */
export interface Manner {
  /** Edges rather than transitions. */
  readonly isHard: boolean;
  /** How far an edge strays, and over what length. */
  readonly wobble: number;
  readonly wobbleLength: number;
  readonly shadow: { readonly x: number; readonly y: number; readonly blur: number; readonly strength: number } | null;
  /** How much lighter the upper edge of a shape is, in lightness. */
  readonly rim: number;
  readonly edge: { readonly reach: number; readonly strength: number } | null;
  readonly line: { readonly thick: number; readonly strength: number } | null;
  /** Chance in the colour of a shape: fine, as paper, or in clouds, as pigment. */
  readonly texture: 'grain' | 'cloud' | null;
  readonly textureAmount: number;
  readonly textureScale: number;
  readonly textureStretch: number;
  /** 0 keeps gradients, 1 makes one colour of each. */
  readonly flat: number;
  /** How much a shape hides, at its upper and at its lower end. */
  readonly opacity: readonly [number, number];
}

const plain: Manner = {
  isHard: false,
  wobble: 0,
  wobbleLength: 0.03,
  shadow: null,
  rim: 0,
  edge: null,
  line: null,
  texture: null,
  textureAmount: 0,
  textureScale: 1,
  textureStretch: 1,
  flat: 0,
  opacity: [1, 1],
};

export const manners: Readonly<Record<Medium, Manner>> = {
  paper: {
    ...plain,
    isHard: true,
    wobble: 0.0009,
    wobbleLength: 0.05,
    shadow: { x: 0.003, y: -0.0035, blur: 0.0075, strength: 0.42 },
    rim: 0.045,
    texture: 'grain',
    textureAmount: 0.004,
    flat: 0.45,
  },
  watercolour: {
    ...plain,
    wobble: 0.0034,
    wobbleLength: 0.03,
    edge: { reach: 0.0045, strength: 0.55 },
    texture: 'cloud',
    textureAmount: 0.032,
    textureScale: 1.6,
    opacity: [0.9, 0.82],
  },
  ink: {
    ...plain,
    wobble: 0.0026,
    wobbleLength: 0.024,
    line: { thick: 0.0026, strength: 0.85 },
    texture: 'cloud',
    textureAmount: 0.035,
    textureScale: 2.2,
    opacity: [0.96, 0.72],
  },
  oil: {
    ...plain,
    wobble: 0.0022,
    wobbleLength: 0.02,
    texture: 'cloud',
    textureAmount: 0.024,
    textureScale: 3,
    textureStretch: 0.7,
  },
  gouache: {
    ...plain,
    wobble: 0.0015,
    wobbleLength: 0.02,
    texture: 'cloud',
    textureAmount: 0.016,
    textureScale: 3.2,
    textureStretch: 2.6,
    flat: 0.12,
  },
  poster: { ...plain, isHard: true, wobble: 0.0005, wobbleLength: 0.01, flat: 1 },
  lino: { ...plain, isHard: true, wobble: 0.0018, wobbleLength: 0.016, flat: 0.35 },
  glass: { ...plain, isHard: true, flat: 0.7 },
  pastel: { ...plain, wobble: 0.004, wobbleLength: 0.02, texture: 'cloud', textureAmount: 0.03, textureScale: 2.4 },
};
