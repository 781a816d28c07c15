import { z } from '@hono/zod-openapi';
import { line } from '#platform/http/contract.ts';

const side = z.int().min(64).max(4096);
const AspectRatio = z.strictObject({
  name: line(40, 'The name of a shape can be 40 characters at the most.').refine(
    (name) => name !== '',
    'A shape needs a name.',
  ),
  width: side,
  height: side,
});

/** What a person begins a step with, unless the step says otherwise. */
export const GenerationDefaults = z.strictObject({
  default_steps: z.int().min(1).max(150),
  default_cfg_scale: z.number().min(0).max(30),
  default_scheduler: z.string().min(1).max(50),
  default_batch_size: z.int().min(1).max(10),
  default_model_key: z.string().min(1).max(200).nullable(),
  aspect_ratios: z.array(AspectRatio).min(1, 'Keep one shape at least.').max(20),
});

/** What was changed from what stands below. */
export type StoredSettings = Partial<z.infer<typeof GenerationDefaults>>;

export const defaults: z.infer<typeof GenerationDefaults> = {
  default_steps: 30,
  default_cfg_scale: 7.5,
  default_scheduler: 'euler',
  default_batch_size: 4,
  default_model_key: null,
  aspect_ratios: [
    { name: 'Square', width: 1024, height: 1024 },
    { name: 'Portrait', width: 832, height: 1216 },
    { name: 'Landscape', width: 1216, height: 832 },
  ],
};

const Backend = z
  .strictObject({
    mode: z.enum(['local', 'remote']),
    local_url: z.string().nullable(),
    remote_url: z.string().nullable(),
    idle_timeout_minutes: z.int(),
  })
  .openapi({ description: 'As the administrator configured it; shown to administrators alone' });

const Retrieval = z.strictObject({ max_attempts: z.int(), retry_delay: z.int(), parallel_retrievals: z.int() });
const Limits = z.strictObject({ max_batch_size: z.int() });
const Costs = z.strictObject({
  current_session_cost: z.number(),
  lifetime_usage_hours: z.number(),
  lifetime_cost: z.number(),
});

export const Settings = z
  .strictObject({
    generation: GenerationDefaults,
    backend: Backend.nullable(),
    retrieval: Retrieval,
    limits: Limits.openapi({ description: 'What a step may ask for here, whoever asks' }),
    cost_tracking: Costs.nullable(),
  })
  .openapi('Settings');

/** Any part of the settings: one's own, and for administrators the mode. The rest may come along as it is, and cannot be changed. */
export const SettingsChange = z
  .strictObject({
    generation: GenerationDefaults.partial()
      .refine((change) => Object.keys(change).length > 0, 'Name something to change.')
      .optional(),
    backend: Backend.partial().nullable().optional(),
    retrieval: Retrieval.partial().optional(),
    limits: Limits.partial().optional(),
    cost_tracking: Costs.partial().nullable().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'Name something to change.');
