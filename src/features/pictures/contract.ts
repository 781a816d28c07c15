import { z } from '@hono/zod-openapi';
import { id } from '#platform/http/contract.ts';
import { pictureSizes } from '#platform/imaging/index.ts';

export const ownKinds = ['profile', 'cover'] as const;
export const kind = z.enum(ownKinds);

/** What a picture's address takes as `size`. */
export const sizes: readonly number[] = pictureSizes.toReversed();

const fraction = z.number().min(0).max(1);
// Fractions that add up to 1 need not do so as binary numbers.
const slack = 1e-6;

export const Crop = z
  .strictObject({ x: fraction, y: fraction, width: fraction.gt(0), height: fraction.gt(0) })
  .refine(
    ({ x, y, width, height }) => x + width <= 1 + slack && y + height <= 1 + slack,
    'The part must lie within the picture: x + width and y + height are 1 at the most.',
  )
  .openapi('Crop', {
    description:
      'A part of the picture as it is seen, upright: fractions of its width and height, from its upper left corner',
  });

export const PhotoChoice = z.strictObject({
  photo_id: id.openapi({
    description: 'A photo of your own. It stays as private as it is; what is cut out of it is shown to everybody.',
  }),
  crop: Crop.optional(),
});

export const Picture = z
  .strictObject({
    url: z.string().openapi({ description: 'Where everybody is shown it; another picture has another address' }),
    width: z.int(),
    height: z.int(),
    bytes: z.int(),
  })
  .openapi('Picture');
