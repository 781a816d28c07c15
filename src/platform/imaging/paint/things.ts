import { box, curve, disc, ellipse, stroke } from './outlines.ts';
import type { Outline } from './scene.ts';

/**
 * Silhouettes drawn around 0, 0: their foot is there, and they are about 1 high, unless said otherwise. Each is a list of parts in the order
 * in which they are painted; `tone` says with which of the picture's colours.
 */
export type Thing = readonly {
  readonly tone: 'dark' | 'accent' | 'light' | 'shade' | 'glow';
  readonly outlines: readonly Outline[];
}[];

export const sailboat: Thing = [
  { tone: 'light', outlines: [[0.02, -1, 0.03, -0.2, 0.42, -0.2, 0.3, -0.5]] },
  { tone: 'accent', outlines: [[-0.02, -0.93, -0.03, -0.2, -0.36, -0.2, -0.2, -0.5]] },
  {
    tone: 'dark',
    outlines: [
      [-0.014, -1.03, 0.014, -1.03, 0.014, -0.1, -0.014, -0.1],
      [-0.46, -0.14, 0.5, -0.16, 0.34, 0.02, -0.32, 0.02],
    ],
  },
];

export const house: Thing = [
  { tone: 'light', outlines: [[-0.46, -0.5, 0.2, -0.5, 0.2, 0, -0.46, 0]] },
  { tone: 'shade', outlines: [[0.2, -0.5, 0.4, -0.78, 0.6, -0.5, 0.6, 0, 0.2, 0]] },
  { tone: 'accent', outlines: [[-0.54, -0.48, -0.3, -0.9, 0.42, -0.9, 0.18, -0.48]] },
  {
    tone: 'dark',
    outlines: [
      [0.42, -0.92, 0.68, -0.47, 0.62, -0.44, 0.39, -0.84, 0.2, -0.46, 0.15, -0.48],
      box(-0.12, -1.04, -0.02, -0.8),
    ],
  },
  {
    tone: 'glow',
    outlines: [box(-0.34, -0.34, -0.2, -0.14), box(-0.06, -0.34, 0.08, -0.14), box(0.35, -0.36, 0.46, -0.16)],
  },
];

export const chapel: Thing = [
  { tone: 'light', outlines: [[-0.1, -0.42, 0.62, -0.42, 0.62, 0, -0.1, 0]] },
  { tone: 'shade', outlines: [box(-0.34, -0.66, -0.06, 0)] },
  {
    tone: 'accent',
    outlines: [
      [-0.1, -0.4, 0.02, -0.66, 0.5, -0.66, 0.68, -0.4],
      [-0.38, -0.64, -0.2, -1.25, -0.02, -0.64],
    ],
  },
  {
    tone: 'glow',
    outlines: [box(0.1, -0.3, 0.18, -0.1), box(0.36, -0.3, 0.44, -0.1), box(-0.24, -0.52, -0.16, -0.36)],
  },
];

export const lighthouse: Thing = [
  { tone: 'light', outlines: [[-0.13, 0, -0.085, -0.76, 0.085, -0.76, 0.13, 0]] },
  {
    tone: 'accent',
    outlines: [
      [-0.122, -0.14, -0.111, -0.32, 0.111, -0.32, 0.122, -0.14],
      [-0.102, -0.47, -0.092, -0.64, 0.092, -0.64, 0.102, -0.47],
      [-0.085, -0.9, 0, -1.02, 0.085, -0.9],
    ],
  },
  { tone: 'dark', outlines: [[-0.12, -0.78, 0.12, -0.78, 0.12, -0.745, -0.12, -0.745], box(-0.008, -1.09, 0.008, -1)] },
  { tone: 'glow', outlines: [box(-0.055, -0.9, 0.055, -0.78)] },
];

export const balloon: Thing = [
  { tone: 'accent', outlines: [[...envelope(0.4)]] },
  { tone: 'light', outlines: [[...envelope(0.26)]] },
  { tone: 'accent', outlines: [[...envelope(0.11)]] },
  {
    tone: 'dark',
    outlines: [
      box(-0.06, -0.1, 0.06, 0),
      stroke([-0.12, -0.3, -0.055, -0.1], () => 0.008),
      stroke([0.12, -0.3, 0.055, -0.1], () => 0.008),
    ],
  },
];

function envelope(half: number): Outline {
  const out: Outline = [];
  for (let step = 0; step <= 40; step++) {
    const angle = (step / 40) * 2 * Math.PI - Math.PI / 2;
    const y = -0.62 + 0.4 * Math.sin(angle);
    const narrow = Math.sin(angle) > 0 ? 1 - 0.5 * Math.sin(angle) ** 2 : 1;
    out.push(half * Math.cos(angle) * narrow, y + (Math.sin(angle) > 0.95 ? 0.06 : 0));
  }
  return out;
}

/** Sitting, seen from behind. */
export const cat: Thing = [
  {
    tone: 'dark',
    outlines: [
      ellipse(0, -0.27, 0.25, 0.29),
      ellipse(0, -0.52, 0.17, 0.2),
      ellipse(0, -0.75, 0.175, 0.15),
      [-0.17, -0.78, -0.155, -1, -0.03, -0.87],
      [0.17, -0.78, 0.155, -1, 0.03, -0.87],
      stroke(
        [...curve(0.16, -0.06, 0.5, 0.04, 0.46, -0.25, 12), ...curve(0.46, -0.27, 0.43, -0.42, 0.53, -0.46, 6)],
        (t) => 0.085 - t * 0.03,
      ),
    ],
  },
];

export const deer: Thing = [
  {
    tone: 'dark',
    outlines: [
      [
        -0.36, -0.56, -0.28, -0.62, 0.1, -0.6, 0.22, -0.66, 0.3, -0.86, 0.38, -0.92, 0.52, -0.84, 0.5, -0.79, 0.4,
        -0.78, 0.34, -0.6, 0.24, -0.44, 0.1, -0.36, -0.24, -0.38, -0.36, -0.44,
      ],
      [-0.34, -0.5, -0.24, -0.42, -0.27, -0.22, -0.25, 0, -0.29, 0, -0.32, -0.22],
      [-0.24, -0.44, -0.16, -0.42, -0.19, -0.2, -0.16, 0, -0.2, 0, -0.235, -0.2],
      [0.08, -0.42, 0.17, -0.42, 0.15, -0.2, 0.16, 0, 0.12, 0, 0.1, -0.2],
      [0.16, -0.44, 0.25, -0.46, 0.22, -0.22, 0.24, 0, 0.2, 0, 0.17, -0.22],
      stroke(curve(0.36, -0.9, 0.2, -1.02, 0.28, -1.25, 10), (t) => 0.028 - t * 0.014),
      stroke(curve(0.4, -0.91, 0.5, -1.05, 0.44, -1.27, 10), (t) => 0.028 - t * 0.014),
      stroke([0.275, -1.06, 0.36, -1.16], (t) => 0.02 - t * 0.01),
      stroke([0.46, -1.06, 0.56, -1.15], (t) => 0.02 - t * 0.01),
      stroke([0.25, -1.12, 0.17, -1.2], (t) => 0.018 - t * 0.01),
      [-0.36, -0.56, -0.42, -0.5, -0.36, -0.46],
    ],
  },
];

export const wanderer: Thing = [
  {
    tone: 'dark',
    outlines: [
      disc(0, -0.9, 0.075, 20),
      [-0.09, -0.8, 0.09, -0.8, 0.14, -0.42, 0.1, -0.36, -0.12, -0.36, -0.14, -0.42],
      [-0.1, -0.4, 0, -0.4, -0.03, 0, -0.11, 0],
      [0.01, -0.4, 0.1, -0.4, 0.13, 0, 0.05, 0],
      stroke([0.1, -0.72, 0.2, -0.5, 0.26, -0.52], () => 0.05),
      stroke([0.265, -0.72, 0.28, 0], () => 0.018),
    ],
  },
];

/** Gliding, about 1 wide, around its middle. */
export function bird(flap: number): Outline {
  const wing = (side: number) => curve(0, 0, side * 0.22, -0.32 * flap - 0.06, side * 0.52, -0.06 + 0.16 * flap, 8);
  const back = (side: number) => curve(side * 0.52, -0.06 + 0.16 * flap, side * 0.2, -0.22 * flap + 0.01, 0, 0.07, 8);
  const left = curve(-0.52, -0.06 + 0.16 * flap, -0.22, -0.32 * flap - 0.06, 0, 0, 8);
  const under = curve(0, 0.07, -0.2, -0.22 * flap + 0.01, -0.52, -0.06 + 0.16 * flap, 8);
  return [...left, ...wing(1), ...back(1), ...under];
}
