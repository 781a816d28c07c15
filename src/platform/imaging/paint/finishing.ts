import type { Tools } from './lay-shape.ts';
import type { Random } from './random.ts';

/** What the media need to work on a picture as a whole. */
export interface Finishing extends Tools {
  readonly random: Random;
  /** 0 to 1.2: how much of what is small is worked out. */
  readonly detail: number;
}
