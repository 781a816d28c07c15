import type { z } from '@hono/zod-openapi';
import type { Step } from './contract.ts';
import type { AlternativeRow, StepRow } from './step-store.ts';

/** A step as the API shows it. */
export const presentStep = (row: StepRow): z.infer<typeof Step> => ({
  id: row.id,
  session_id: row.session_id,
  parent_id: row.parent_id,
  source_image_id: row.source_photo_id,
  prompt: row.prompt,
  negative_prompt: row.negative_prompt,
  parameters: row.parameters,
  // As its person named it, which may be more than what the backend calls it.
  model_key: row.parameters.model_key,
  model_hash: row.model_hash,
  model_name: row.model_name,
  backend: row.backend,
  batch_id: row.batch_id,
  correlation_id: row.correlation_id,
  status: row.status,
  error: errorOf(row),
  position: row.position,
  selected_image_id: row.selected_image_id,
  created_at: row.created_at.toISOString(),
  started_at: row.started_at?.toISOString() ?? null,
  finished_at: isOpen(row) ? null : (row.finished_at?.toISOString() ?? null),
});

/** Whether pictures of it are still to come. */
export const isOpen = ({ status }: Pick<StepRow, 'status'>): boolean => status === 'pending' || status === 'processing';

export const errorOf = (row: { error_code: string | null; error_message: string | null }) =>
  row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' };

/** How many pictures of a step are where. What failed and is tried again by itself is still to come. */
export function countRetrievals(rows: readonly AlternativeRow[]) {
  const completed = rows.filter(({ retrieval_status: status }) => status === 'completed').length;
  const failed = rows.filter((row) => row.retrieval_status === 'failed' && row.settled_at !== null).length;
  return { total: rows.length, completed, pending: rows.length - completed - failed, failed };
}
