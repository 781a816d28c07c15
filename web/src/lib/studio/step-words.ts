/** How steps of the studio are told. */
import type { StepState, StudioStep } from '#lib/api-schema.ts';
import { formatCount, formatNumber } from '#lib/format.ts';

/** Strength is how far a picture may be from its source; people are asked for the opposite, in percent. */
export const likenessOf = (strength: number): number => Math.round((1 - strength) * 100);
export const mostLikeness = 95;
export const strengthOf = (likeness: number): number =>
  Math.round((1 - Math.min(mostLikeness, Math.max(0, likeness)) / 100) * 100) / 100;

/** `40 s`, `3 min`, `2 h`. */
export function durationWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

/**
 * What a waiting tile says.
 * @param place its place among those of its step that wait
 * @param tellsProgress whether what makes it tells how far it is: where it does not, nobody knows which of them is next
 */
export function waitWords(
  state: Pick<StepState, 'status' | 'queue' | 'estimated_completion'> | undefined,
  place: number,
  tellsProgress: boolean,
  now: number = Date.now(),
): string {
  if (state?.status === 'processing' && !tellsProgress) return 'Being made';
  if (place > 0) return 'In line';
  const ahead = state?.queue?.pictures_ahead ?? 0;
  if (state?.status !== 'pending' || ahead === 0) return 'Next in line';
  const until = state.estimated_completion;
  return `${formatNumber(ahead)} ahead of you${until ? `, about ${durationWords((Date.parse(until) - now) / 1000)}` : ''}`;
}

export interface Shape {
  readonly name: string;
  readonly width: number;
  readonly height: number;
}

/** The name of a shape, where it is one of those that are known; its sides elsewhere. */
export function shapeName({ width, height }: Omit<Shape, 'name'>, known: readonly Shape[]): string {
  const alike = known.find((shape) => Math.abs(shape.width / shape.height - width / height) < 0.01);
  return alike?.name ?? `${formatNumber(width)} × ${formatNumber(height)}`;
}

/** Where a step started from: a picture of another, or a photo. */
export type Origin = { readonly step: number; readonly picture: number } | 'photo' | null;

type Told = Pick<StudioStep, 'status' | 'parameters' | 'started_at' | 'finished_at'>;

/** The line under a prompt: how many, how long, which shape, from what, how alike, and the seed. */
export function metaOf(
  { status, parameters, started_at: from, finished_at: to }: Told,
  ready: number,
  origin: Origin,
  known: readonly Shape[],
): string[] {
  const { batch_size: total, strength, seed } = parameters;
  const words: string[] = [];
  if (status === 'pending') words.push(formatCount(total, 'picture'));
  else if (status === 'processing') words.push(`${ready} of ${total} ready`);
  else {
    const count = ready === total ? formatCount(total, 'picture') : `${ready} of ${formatCount(total, 'picture')}`;
    words.push(
      from && to && ready > 0 ? `${count} in ${durationWords((Date.parse(to) - Date.parse(from)) / 1000)}` : count,
    );
  }
  words.push(shapeName(parameters, known));
  if (origin === 'photo') words.push('From a photo');
  else if (origin) words.push(`From picture ${origin.picture} of step ${origin.step}`);
  if (strength !== undefined) words.push(`Likeness ${likenessOf(strength)} %`);
  words.push(`Seed ${formatNumber(seed)}`);
  return words;
}

/** The steps of a session as its outline lists them: those that went another way than the first that went on stand in from the edge. */
export function outlineOf<S extends Pick<StudioStep, 'id' | 'parent_id'>>(steps: readonly S[]) {
  const hasNext = new Set<string>();
  const aside = new Set<string>();
  return steps.map((step, at) => {
    const parent = step.parent_id;
    const isBranch = parent !== null && (hasNext.has(parent) || aside.has(parent));
    if (parent !== null) hasNext.add(parent);
    if (isBranch) aside.add(step.id);
    return { step, number: at + 1, isBranch };
  });
}
