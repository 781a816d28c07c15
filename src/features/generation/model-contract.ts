import { z } from '@hono/zod-openapi';
import { dateTime } from '#platform/http/contract.ts';

export const Model = z
  .strictObject({
    key: z.string(),
    hash: z.string(),
    name: z.string(),
    type: z.string(),
    base: z.string(),
    description: z.string().nullable(),
    backend: z.string().openapi({ description: 'Which of the configured backends has it' }),
    compatible_vae: z.array(
      z.strictObject({ key: z.string(), hash: z.string(), name: z.string(), is_default: z.boolean() }),
    ),
    default_params: z.strictObject({
      width: z.int(),
      height: z.int(),
      steps: z.int(),
      cfg_scale: z.number(),
      scheduler: z.string(),
    }),
    limits: z.strictObject({
      multiple_of: z.int(),
      min_side: z.int(),
      max_side: z.int(),
      max_pixels: z.int(),
      min_steps: z.int(),
      max_steps: z.int(),
      min_cfg_scale: z.number(),
      max_cfg_scale: z.number(),
      schedulers: z.array(z.string()).openapi({ description: 'Empty where it takes none' }),
    }),
    capabilities: z
      .strictObject({
        from_photo: z.boolean(),
        progress: z.boolean(),
        cancel_one: z.boolean(),
        negative_prompt: z.boolean(),
        seeds: z.boolean(),
      })
      .openapi({ description: 'What the backend can do: the rest is not offered' }),
    destination: z.string().nullable().openapi({
      description: 'Where a photo is sent to when pictures are made of it; null where it stays on this server',
    }),
    is_favorite: z.boolean(),
  })
  .openapi('Model');
export const ModelList = z
  .strictObject({ items: z.array(Model), last_updated: dateTime.nullable() })
  .openapi('ModelList');
export const Refreshed = z
  .strictObject({ success: z.boolean(), models_count: z.int(), last_updated: dateTime.nullable() })
  .openapi('ModelsRefreshed');
export const Favorite = z.strictObject({ is_favorite: z.boolean() });
export const Favored = z.strictObject({ key: z.string(), is_favorite: z.boolean() }).openapi('ModelFavored');
