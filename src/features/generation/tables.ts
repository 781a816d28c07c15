import type { ColumnType, Generated } from 'kysely';
import type { PhotoTables } from '#features/photos/index.ts';
import type { Limits, Model, Sampling, Ticket } from './backends/backend.ts';
import type { StoredSettings } from './settings-contract.ts';

type Json<Value> = ColumnType<Value, string, string>;
type NullableJson<Value> = ColumnType<Value | null, string | null | undefined, string | null>;

/** `parameters` of a step as they were asked for, with what was left out filled in. */
export interface StepParameters extends Sampling {
  readonly model_key: string;
  readonly model_hash: string;
  readonly vae_key?: string;
  readonly vae_hash?: string;
  readonly batch_size: number;
  /** Of the first picture. */
  readonly seed: number;
  /** How far the pictures may be from what they start from, 0 to 1; only where they do. */
  readonly strength?: number;
}

export type StepStatus = 'pending' | 'processing' | 'completed' | 'failed';

export interface GenerationTables extends PhotoTables {
  generation_sessions: {
    id: string;
    owner_id: string;
    entry_type: 'scratch' | 'refinement';
    source_photo_id: string | null;
    status: Generated<'active' | 'completed' | 'abandoned'>;
    started_at: Generated<Date>;
    changed_at: Generated<Date>;
    completed_at: Date | null;
  };
  generation_steps: {
    id: string;
    owner_id: string;
    session_id: string;
    position: number;
    parent_id: string | null;
    source_photo_id: string | null;
    prompt: string;
    negative_prompt: string | null;
    parameters: Json<StepParameters>;
    model_key: string;
    model_hash: string;
    model_name: string;
    model_base: string;
    backend: string;
    batch_id: string;
    correlation_id: string;
    status: Generated<StepStatus>;
    error_code: string | null;
    error_message: string | null;
    selected_image_id: string | null;
    ticket: NullableJson<Ticket>;
    tries: Generated<number>;
    due_at: Generated<Date>;
    lease: string | null;
    leased_until: Date | null;
    created_at: Generated<Date>;
    started_at: Date | null;
    finished_at: Date | null;
  };
  step_alternatives: {
    id: string;
    owner_id: string;
    step_id: string;
    n: number;
    /** 0 … 2³² − 1; pg answers a bigint as text. */
    seed: ColumnType<string, number, number>;
    retrieval_status: Generated<StepStatus>;
    image: string | null;
    attempts: Generated<number>;
    last_attempt_at: Date | null;
    /** Since the first try of this round; a person who has it tried again begins another. */
    tried_since: Date | null;
    due_at: Date | null;
    lease: string | null;
    leased_until: Date | null;
    error_code: string | null;
    error_message: string | null;
    cancelled_at: Date | null;
    settled_at: Date | null;
    forgotten_at: Date | null;
    created_at: Generated<Date>;
  };
  /** Either an image or a batch; see the migration for who leaves them. */
  generation_leftovers: {
    id: Generated<string>;
    backend: string;
    image: string | null;
    batch_id: string | null;
    ticket: NullableJson<Ticket>;
    due_at: Generated<Date>;
    tries: Generated<number>;
    created_at: Generated<Date>;
  };
  alternative_progress: {
    alternative_id: string;
    owner_id: string;
    done: number;
    step: number | null;
    of: number | null;
    preview: Buffer | null;
    changed_at: Generated<Date>;
  };
  models: {
    backend: string;
    key: string;
    hash: string;
    name: string;
    type: string;
    base: string;
    description: string | null;
    compatible_vae: Json<Model['compatibleVae']>;
    defaults: Json<Sampling>;
    limits: Json<Limits>;
  };
  model_lists: { backend: string; listed_at: Date | null; seen_at: Generated<Date> };
  model_favorites: { owner_id: string; model_key: string };
  prompt_templates: {
    id: string;
    owner_id: string;
    name: string;
    description: string | null;
    prompt_text: string;
    negative_prompt: string | null;
    category: string | null;
    is_favorite: Generated<boolean>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  generation_settings: { owner_id: string; settings: Json<StoredSettings> };
}
