import { z } from '@hono/zod-openapi';
import { Photo } from '#features/photos/index.ts';
import { dateTime, id, listOf } from '#platform/http/contract.ts';

const wholeNumber = (least: number, most: number, fallback: number) =>
  z.coerce
    .number('This must be a whole number.')
    .int('This must be a whole number.')
    .min(least)
    .max(most)
    .default(fallback);

/** What may be left out may be null as well: clients with typed models send what they do not have as null. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  schema
    .nullable()
    .transform((value) => value ?? undefined)
    .optional();

export const sessionStatuses = ['active', 'completed', 'abandoned'] as const;
const stepStatus = z.enum(['pending', 'processing', 'completed', 'failed']);

const LatestImage = z.strictObject({ id: id.optional(), thumbnail_url: z.string().optional() });

export const Session = z
  .strictObject({
    id,
    entry_type: z.enum(['scratch', 'refinement']),
    source_image_id: id.nullable(),
    status: z.enum(sessionStatuses),
    started_at: dateTime,
    changed_at: dateTime,
    completed_at: dateTime.nullable(),
    steps_count: z.int(),
    title: z.string().nullable().openapi({ description: 'The first prompt; null before there is one' }),
    latest_image: LatestImage,
  })
  .openapi('GenerationSession');
export const SessionList = listOf(Session).openapi('GenerationSessionList');

export const NewSession = z
  .strictObject({ entry_type: z.enum(['scratch', 'refinement']), source_image_id: optional(id) })
  .refine(
    ({ entry_type: entry, source_image_id: source }) => (entry === 'refinement') === (source !== undefined),
    'A refinement starts from a photo: name it as source_image_id. From scratch there is none.',
  );
export const SessionChange = z.strictObject({ status: z.enum(['completed', 'abandoned', 'active']) });
export const SessionQuery = z.strictObject({
  limit: wholeNumber(1, 100, 20),
  offset: wholeNumber(0, 10_000_000, 0),
  status: z.enum(sessionStatuses).optional(),
});

/** Text of several lines that somebody wrote: no controls but line ends. */
const written = (most: number, noun: string) =>
  z
    .string()
    .max(most, `A ${noun} can be ${most} characters at the most.`)
    .transform((text) =>
      text
        .toWellFormed()
        .replace(/\r\n?/g, '\n')
        .replace(/[^\P{Cc}\n]/gu, ' ')
        .trim(),
    );
export const prompt = written(4000, 'prompt').refine((text) => text !== '', 'Say what the picture is to show.');
export const negativePrompt = written(4000, 'negative prompt').transform((text) => text || undefined);

export const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1, 'A seed is a whole number from 0 to 4294967295.');

/** What is left out is the model's own, then the person's settings. */
export const NewStep = z.strictObject({
  prompt,
  negative_prompt: optional(negativePrompt),
  parameters: z
    .strictObject({
      model_key: optional(z.string().min(1).max(200)),
      model_hash: optional(z.string().max(200)),
      vae_key: optional(z.string().min(1).max(200)),
      vae_hash: optional(z.string().max(200)),
      width: z.int().optional(),
      height: z.int().optional(),
      steps: z.int().optional(),
      cfg_scale: z.number().optional(),
      scheduler: z.string().max(50).optional(),
      batch_size: z.int().min(1).optional(),
      seed: optional(seed),
      strength: z
        .number()
        .min(0.05)
        .max(1)
        .optional()
        .openapi({ description: 'How far the pictures may be from what they start from; 0.6 unless told otherwise' }),
    })
    .default({}),
  parent_id: optional(id).openapi({ description: 'The step that this one goes on from, of the same session' }),
  source_image_id: optional(id).openapi({
    description:
      'The picture to start from; that which was selected of the parent, or the photo of the session, unless told otherwise',
  }),
  from_scratch: z
    .boolean()
    .optional()
    .openapi({ description: 'Start from no picture, whatever the parent and the session have' }),
  correlation_id: optional(z.string().min(1).max(100)).openapi({
    description: 'A name of one’s own: asked for once more under the same, the step is the one there is',
  }),
});

export const RetrievalCounts = z.strictObject({
  total: z.int(),
  completed: z.int(),
  pending: z.int(),
  failed: z.int(),
});

const StepError = z.strictObject({ code: z.string(), message: z.string() });
const Parameters = z.strictObject({
  model_key: z.string(),
  model_hash: z.string(),
  vae_key: z.string().optional(),
  vae_hash: z.string().optional(),
  width: z.int(),
  height: z.int(),
  steps: z.int(),
  cfg_scale: z.number(),
  scheduler: z.string(),
  batch_size: z.int(),
  seed: z.number(),
  strength: z.number().optional(),
});

export const Step = z
  .strictObject({
    id,
    session_id: id,
    parent_id: id.nullable(),
    source_image_id: id.nullable(),
    prompt: z.string(),
    negative_prompt: z.string().nullable(),
    parameters: Parameters,
    model_key: z.string(),
    model_hash: z.string(),
    model_name: z.string(),
    backend: z.string(),
    batch_id: id,
    correlation_id: z.string(),
    status: stepStatus,
    error: StepError.nullable(),
    position: z.int(),
    selected_image_id: id.nullable(),
    created_at: dateTime,
    started_at: dateTime.nullable(),
    finished_at: dateTime.nullable(),
  })
  .openapi('GenerationStep');
export const StepList = z.strictObject({ items: z.array(Step), total: z.int() }).openapi('GenerationStepList');

const Progress = z.strictObject({
  done: z.number().openapi({ description: '0 to 1' }),
  step: z.int().nullable(),
  of: z.int().nullable(),
  preview_url: z.string().nullable(),
});

export const StepState = z
  .strictObject({
    id,
    status: stepStatus,
    batch_id: id,
    correlation_id: z.string(),
    progress: z
      .number()
      .nullable()
      .openapi({ description: '0 to 1 over all pictures of the step; null before any is begun' }),
    queue: z
      .strictObject({ steps_ahead: z.int(), pictures_ahead: z.int() })
      .nullable()
      .openapi({ description: 'What is made before it, whoever asked for it; null once it is begun' }),
    estimated_completion: dateTime.nullable(),
    error: z.string().nullable().openapi({ description: 'Why it failed, as a sentence; the step itself has the code' }),
    retrieval_status: RetrievalCounts,
  })
  .openapi('GenerationStepState');

export const Alternative = z
  .strictObject({
    image_id: id,
    n: z.int(),
    seed: z.number(),
    selected: z.boolean(),
    created_at: dateTime,
    retrieval_status: stepStatus,
    attempts: z.int(),
    cancelled: z.boolean(),
    is_settled: z.boolean().openapi({ description: 'Nothing more happens to it by itself' }),
    error: StepError.nullable(),
    progress: Progress.nullable(),
    photo: Photo.nullable().openapi({ description: 'Null until it is there, and once it is deleted for good' }),
  })
  .openapi('Alternative');
export const AlternativeList = z.strictObject({ step_id: id, items: z.array(Alternative) }).openapi('AlternativeList');

/** As the earlier photo-gallery asked for them. */
export const ImageQuery = z.strictObject({
  limit: wholeNumber(1, 100, 10),
  batch_id: z.string().max(100).optional(),
  correlation_id: z.string().max(100).optional(),
  since: dateTime.optional().openapi({ description: 'Made at or after' }),
});
const MadeImage = z
  .strictObject({
    id,
    batch_id: z.string(),
    correlation_id: z.string(),
    width: z.int(),
    height: z.int(),
    created_at: dateTime,
    retrieval_status: z.literal('completed'),
    thumbnail_url: z.string(),
    full_url: z.string(),
    generation_metadata: z.strictObject({
      prompt: z.string(),
      negative_prompt: z.string().nullable(),
      model: z.strictObject({ key: z.string(), hash: z.string(), name: z.string() }),
      seed: z.number(),
      steps: z.int(),
      cfg_scale: z.number(),
      scheduler: z.string(),
    }),
  })
  .openapi('MadeImage');
export const ImageList = z.strictObject({ items: z.array(MadeImage), total: z.int() }).openapi('MadeImageList');

export const StepChange = z.strictObject({ selected_image_id: id });
export const Selected = z.strictObject({ id, selected_image_id: id, status: stepStatus }).openapi('StepSelected');
export const Selection = z.strictObject({ image_id: id });
export const Selecting = z
  .strictObject({ step_id: id, image_id: id, selected: z.literal(true), created_at: dateTime })
  .openapi('ImageSelected');

export const StepRetry = z
  .strictObject({ step_id: id, batch_id: id, retrieval_status: RetrievalCounts.extend({ retrying: z.int() }) })
  .openapi('StepRetry');
export const PhotoRetry = z.strictObject({ id, retrieval_status: stepStatus }).openapi('PhotoRetry');
export const Ids = z.strictObject({ ids: z.array(id).min(1, 'Name one picture at least.').max(100) });
export const BatchRetry = z
  .strictObject({
    success_count: z.int(),
    failed_count: z.int(),
    details: z.strictObject({ retrying: z.array(id), failed: z.array(id) }),
  })
  .openapi('BatchRetry');
