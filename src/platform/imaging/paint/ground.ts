import type { Light } from './sky.ts';

/** What lies between sky and spectator. */
export type Land = 'mountains' | 'hills' | 'desert' | 'city' | 'none';

/** Where the foreground begins, and behind what. */
export interface Ground {
  readonly land: Land;
  readonly horizon: number;
  readonly hasWater: boolean;
  readonly isSea: boolean;
  readonly light: Light;
}
