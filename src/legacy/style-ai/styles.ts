import type { StyleId } from '#features/styles/index.ts';
import { AppError } from '#platform/http/app-error.ts';

/** The earlier system's list: `cinematic` first, which a picture is given where nothing else is asked for. */
export const styles = [
  ['cinematic', 'Cinematic Enhancement', 'Graded like a film, with teal shadows and amber lights', 'ai_enhancement'],
  ['enhance', 'AI Enhancement', 'Colours, light and sharpness set right with a light hand', 'ai_enhancement'],
  ['sketch', 'Sketch', 'Charcoal outlines and rubbed shadows on toned paper', 'artistic'],
  ['cartoon', 'Cartoon', 'Flat colours in a few steps, with ink outlines', 'artistic'],
  ['oil_painting', 'Oil Painting', 'Brush strokes along the shapes', 'artistic'],
  ['watercolor', 'Watercolor', 'Washes with dark borders on rough paper', 'artistic'],
  ['pencil_sketch', 'Pencil Sketch', 'Fine graphite, hatched and crosshatched', 'artistic'],
  ['pop_art', 'Pop Art', 'Few inks, dots and bold outlines', 'artistic'],
  ['vintage', 'Vintage', 'A print of forty years ago: faded, with grain', 'effects'],
  ['neon', 'Neon', 'Edges as glowing tubes in the dark', 'effects'],
] as const satisfies readonly (readonly [StyleId, string, string, string])[];

const usual = 'cinematic';

/**
 * The style that an upload asks for. Clients that never named one send nothing, or what they were answered before there was a choice.
 * @throws AppError `validation_error`
 */
export function readStyle(value: unknown): StyleId {
  if (value === undefined || value === null || value === '' || value === 'hardcoded') return usual;
  const known = styles.find(([id]) => id === value);
  if (known) return known[0];
  throw new AppError('validation_error', `Unknown style. Available: ${styles.map(([id]) => id).join(', ')}`, {
    field: 'style',
  });
}
