import { brushOver } from './brush-over.ts';
import type { Canvas } from './canvas.ts';
import { carve } from './carve.ts';
import type { Finishing } from './finishing.ts';
import { leadGlass } from './lead-glass.ts';
import { chalk, inkWash, misregister, paperGrain, wetPaper } from './paper-finish.ts';
import type { Medium } from './read-prompt.ts';

/** What a medium does to the picture as a whole, once all of it is laid. */
export const finishes: Readonly<Record<Medium, (canvas: Canvas, finishing: Finishing) => void>> = {
  paper: (canvas, { grain }) => paperGrain(canvas, grain, 0.008),
  watercolour: wetPaper,
  ink: inkWash,
  oil: (canvas, finishing) =>
    brushOver(canvas, finishing, { sizes: [0.034, 0.016, 0.0075, 0.0042], relief: 0.09, follow: 0.85 }),
  gouache: (canvas, { grain }) => paperGrain(canvas, grain, 0.009),
  poster: misregister,
  lino: carve,
  glass: leadGlass,
  pastel: chalk,
};
