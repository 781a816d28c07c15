import { z } from 'zod';

/** What is read of InvokeAI's answers; fields that are not used may be missing or be anything. */

export const version = z.object({ version: z.string() });

export const signInStatus = z.object({ setup_required: z.boolean(), multiuser_enabled: z.boolean() });

export const signedIn = z.object({ token: z.string().min(1) });

/** A model as graphs name it. */
const identifier = z.object({
  key: z.string(),
  hash: z.string(),
  name: z.string(),
  base: z.string(),
  type: z.string(),
});

export type Identifier = z.infer<typeof identifier>;

const defaultSettings = z.object({
  vae: z.string().nullish(),
  vae_precision: z.string().nullish(),
  scheduler: z.string().nullish(),
  steps: z.number().nullish(),
  cfg_scale: z.number().nullish(),
  guidance: z.number().nullish(),
  width: z.number().nullish(),
  height: z.number().nullish(),
});

const model = identifier.extend({
  format: z.string().nullish(),
  variant: z.string().nullish(),
  description: z.string().nullish(),
  default_settings: defaultSettings.nullish().catch(null),
});

export type RemoteModel = z.infer<typeof model>;

/** A model that cannot be read is none, and takes no other with it. */
export const models = z.object({ models: z.array(model.nullable().catch(null)) });

export const enqueued = z.object({
  enqueued: z.number().int(),
  requested: z.number().int(),
  item_ids: z.array(z.number().int()).optional(),
});

/** Counts alone; what is done is completed, failed or canceled. */
export const batchStatus = z.object({
  pending: z.number(),
  in_progress: z.number(),
  waiting: z.number().optional(),
  completed: z.number(),
  failed: z.number(),
  canceled: z.number(),
  total: z.number(),
});

export type BatchStatus = z.infer<typeof batchStatus>;

const record = z.record(z.string(), z.unknown());

export const item = z.object({
  item_id: z.number().int(),
  status: z.string(),
  batch_id: z.string(),
  retried_from_item_id: z.number().nullish(),
  error_type: z.string().nullish(),
  error_message: z.string().nullish(),
  field_values: z
    .array(z.object({ node_path: z.string(), field_name: z.string(), value: z.unknown() }))
    .nullish()
    .catch(null),
  // The list of old versions comes without it.
  session: z
    .object({
      graph: z.object({ nodes: record.optional() }).nullish().catch(null),
      results: record.nullish(),
      source_prepared_mapping: z.record(z.string(), z.array(z.string())).nullish().catch(null),
    })
    .nullish(),
});

export type Item = z.infer<typeof item>;

/** Of a list each item by itself: another person's, blacked out, must not hide one's own. */
const listed = z.array(item.nullable().catch(null));
export const items = listed;
export const page = z.object({ items: listed, has_more: z.boolean() });

export const uploaded = z.object({ image_name: z.string(), width: z.number().int(), height: z.number().int() });

export const deleted = z.object({ failed_images: z.array(z.string()).optional() }).nullable();

/** Names go into addresses and come from there: nothing but a file's name. */
export const imageName = z.string().regex(/^[\w-][\w.-]{0,199}$/);

const imageOutput = z.object({ type: z.literal('image_output'), image: z.object({ image_name: imageName }) });

/** @returns the picture that a node made; null of one that made something else */
export const imageOf = (result: unknown): string | null => imageOutput.safeParse(result).data?.image.image_name ?? null;
