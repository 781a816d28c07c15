import { z } from '@hono/zod-openapi';
import { type StyleId, styleIds } from '#platform/imaging/index.ts';

/** What people are told of each style, and how strong it is unless they say otherwise: where it looks best. */
export const catalogue: Record<
  StyleId,
  {
    readonly name: string;
    readonly description: string;
    readonly category: 'film' | 'drawing' | 'paint' | 'graphic';
    readonly strength: number;
  }
> = {
  cinematic: {
    name: 'Cinematic',
    description: 'Graded like a film: teal shadows, amber lights, a soft shoulder and a little glow',
    category: 'film',
    strength: 0.8,
  },
  enhance: {
    name: 'Enhance',
    description: 'Colour cast, light and shade, local contrast and sharpness, set right with a light hand',
    category: 'film',
    strength: 0.7,
  },
  sketch: {
    name: 'Charcoal sketch',
    description: 'Loose outlines and rubbed shadows on toned paper; stronger is heavier',
    category: 'drawing',
    strength: 0.8,
  },
  pencil_sketch: {
    name: 'Pencil drawing',
    description: 'Fine graphite, hatched and crosshatched; stronger takes a softer pencil',
    category: 'drawing',
    strength: 0.7,
  },
  cartoon: {
    name: 'Cartoon',
    description: 'Flat colours in a few steps, with ink outlines; stronger has fewer steps and thicker lines',
    category: 'graphic',
    strength: 0.7,
  },
  oil_painting: {
    name: 'Oil painting',
    description: 'Brush strokes along the shapes, thick enough to catch the light; stronger takes broader brushes',
    category: 'paint',
    strength: 0.7,
  },
  watercolor: {
    name: 'Watercolour',
    description: 'Washes with dark borders on rough paper; stronger is wetter',
    category: 'paint',
    strength: 0.8,
  },
  pop_art: {
    name: 'Pop art',
    description: 'A comic strip made large: few inks, dots and bold outlines; stronger has larger dots',
    category: 'graphic',
    strength: 0.7,
  },
  vintage: {
    name: 'Vintage',
    description: 'A print of forty years ago: faded blacks, uneven dyes, grain',
    category: 'film',
    strength: 0.8,
  },
  neon: {
    name: 'Neon',
    description: 'Edges as glowing tubes in the dark; stronger is darker and glows further',
    category: 'graphic',
    strength: 0.8,
  },
};

const oneOf = `This is none of the styles: ${styleIds.join(', ')}.`;
const style = z.enum(styleIds, oneOf);
const bounds = 'This must be a number from 0 to 1.';

export const Style = z
  .strictObject({
    id: style,
    name: z.string(),
    description: z.string(),
    category: z.enum(['film', 'drawing', 'paint', 'graphic']),
    default_strength: z.number(),
  })
  .openapi('Style');

export const StyleList = z.strictObject({ items: z.array(Style) }).openapi('StyleList');

/** Of two decimals: more are not to be seen, and each would be kept as a photo of its own. */
const toHundredths = (value: number): number => Math.round(value * 100) / 100;

export const StyleChoice = z
  .strictObject({
    style,
    strength: z.number(bounds).min(0, bounds).max(1, bounds).transform(toHundredths).optional().openapi({
      description: 'How far the result is from the photo. Without it, where the style looks best',
    }),
  })
  .openapi('StyleChoice');

export const StyleName = style;

export const PreviewQuery = z.strictObject({
  strength: z.coerce.number(bounds).min(0, bounds).max(1, bounds).transform(toHundredths).optional(),
});
