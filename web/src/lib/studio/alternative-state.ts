import type { Alternative } from '#lib/api-schema.ts';

/** What a tile shows: each is a look of its own. */
export type AlternativeState =
  | 'waiting'
  | 'sharpening'
  /** Made, and on its way here. */
  | 'fetching'
  /** It did not come, and is asked for again by itself. */
  | 'retrying'
  | 'done'
  | 'trashed'
  /** It was deleted for good. */
  | 'gone'
  | 'cancelled'
  | 'failed';

type Told = Pick<Alternative, 'retrieval_status' | 'cancelled' | 'is_settled' | 'progress'> & {
  photo: { deleted_at: string | null } | null;
};

export function stateOf({
  photo,
  retrieval_status: status,
  cancelled,
  is_settled: isSettled,
  progress,
}: Told): AlternativeState {
  if (photo) return photo.deleted_at === null ? 'done' : 'trashed';
  if (status === 'completed') return isSettled ? 'gone' : 'fetching';
  if (cancelled) return 'cancelled';
  if (status === 'failed') return isSettled ? 'failed' : 'retrying';
  if (progress && progress.done < 1) return 'sharpening';
  return progress || status === 'processing' ? 'fetching' : 'waiting';
}

/** Whether something is still to come of it. */
export const isOpen = (alternative: Told): boolean =>
  ['waiting', 'sharpening', 'fetching', 'retrying'].includes(stateOf(alternative));

/** Whether it was made and did not come, so that it can be fetched once more. */
export const isFetchable = ({ error, cancelled }: Pick<Alternative, 'error' | 'cancelled'>): boolean =>
  !cancelled && error?.code === 'invokeai_retrieval_error';
