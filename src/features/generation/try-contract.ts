import { z } from '@hono/zod-openapi';
import { prompt, seed } from './contract.ts';

/** As large as a picture for nobody in particular may be: what is painted for members has up to five times as many pixels. */
export const tryShapes = {
  square: { width: 768, height: 768 },
  portrait: { width: 528, height: 768 },
  landscape: { width: 768, height: 528 },
} as const;

const Shape = z.strictObject({ name: z.enum(['square', 'portrait', 'landscape']), width: z.int(), height: z.int() });

export const TryOut = z
  .strictObject({
    allowed: z.boolean().openapi({ description: 'Whether who has not signed in may have pictures painted' }),
    shapes: z.array(Shape).openapi({ description: 'What they may ask for, in pixels' }),
  })
  .openapi('TryOut');

export const TryOutChange = z.strictObject({ allowed: z.boolean() });

export const TriedPicture = z.strictObject({
  prompt,
  seed: seed.optional().openapi({ description: 'Left out, it is drawn; the answer’s Tintype-Seed tells it' }),
  shape: z.enum(['square', 'portrait', 'landscape'], 'A shape is square, portrait or landscape.').default('square'),
});
