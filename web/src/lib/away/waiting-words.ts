import { formatCount } from '#lib/format.ts';
import type { Change, Fields } from './waiting-change.ts';

const names: Record<keyof Fields, string> = {
  caption: 'caption',
  place: 'place',
  tags: 'tags',
  is_favorite: 'heart',
  is_archived: 'place in the archive',
};

/** "caption and tags" */
function fieldWords(fields: Fields): string {
  const all = Object.keys(fields).map((name) => names[name as keyof Fields]);
  return all.length > 1 ? `${all.slice(0, -1).join(', ')} and ${all.at(-1)}` : (all[0] ?? '');
}

/** What a change that waits is, for a list of them. */
export function changeWords(change: Change): string {
  if (change.kind === 'step') return `“${change.step.prompt}” in the studio`;
  if (change.kind === 'photo') return `The ${fieldWords(change.after)} of ${change.filename}`;
  const photos = formatCount(change.ids.length, 'photo');
  if (change.kind === 'favorite') return change.is ? `A heart for ${photos}` : `No heart for ${photos} any more`;
  return change.is ? `${photos} archived` : `${photos} brought back to Photos`;
}

/** What is wanted, where it can be said in a few words: beside a conflict somebody has to choose. */
export function wantedWords(fields: Fields): string {
  const { caption, place, tags } = fields;
  const texts = [caption, place, tags === undefined ? undefined : tags.join(', ')].filter((one) => one !== undefined);
  return texts.map((text) => (text ? `“${text}”` : 'nothing')).join(', ');
}

export function conflictWords(theirs: Fields): string {
  const words = fieldWords(theirs);
  return `The ${words} ${/ and |tags$/.test(words) ? 'were' : 'was'} changed elsewhere in the meantime, to ${wantedWords(theirs)}.`;
}
