import type { readAccount } from '#features/accounts/index.ts';
import type { listTemplates } from '#features/generation/index.ts';
import { type MadeRow, toOffsetTime } from '#features/photos/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';
import { originalName, resultName } from './file-name.ts';

type Account = Awaited<ReturnType<typeof readAccount>>;
type Template = Awaited<ReturnType<typeof listTemplates>>['items'][number];

/** UTC without saying so, as the earlier system's clients are used to. */
export const toNaiveTime = (at: Date | string): string => new Date(at).toISOString().slice(0, -1);

export const presentUser = (account: Account, credits: number) => ({
  id: account.id,
  username: account.username,
  email: account.email,
  created_at: toNaiveTime(account.created_at),
  is_active: !account.disabled,
  is_premium: false,
  image_credits: credits,
  free_trial_used: false,
});

/** A styled photo, and what it was made of. */
export type Styled = Pick<
  MadeRow,
  'id' | 'owner_id' | 'mime_type' | 'style' | 'created_at' | 'source_photo_id' | 'source_mime_type'
>;

/** @param user to whom its addresses are given */
export function presentImage({ images }: Pick<LegacyDeps, 'images'>, user: UserCaller, row: Styled) {
  const filename = resultName(row.id, row.mime_type);
  return {
    id: row.id,
    user_id: row.owner_id,
    filename,
    original_filename: originalOf(row) ?? filename,
    url: images.url(`/uploads/${filename}`, user),
    timestamp: toNaiveTime(row.created_at),
    style: row.style ?? 'hardcoded',
  };
}

/** One image with all that is known of it here. */
export function presentDetails(deps: Pick<LegacyDeps, 'images'>, user: UserCaller, row: MadeRow) {
  const image = presentImage(deps, user, row);
  const original = originalOf(row);
  return {
    ...image,
    download_url: deps.images.url(`/download-image/${image.filename}`, user),
    original_url: original && deps.images.url(`/uploads/${original}`, user),
    caption: row.caption,
    tags: row.tags,
    is_favorite: row.is_favorite,
    place: row.place,
    // As it is changed: with its zone, unlike times that are this server's own.
    taken_at: toOffsetTime(row.taken_at, row.taken_offset),
    width: row.width,
    height: row.height,
    bytes: Number(row.bytes),
    mime_type: row.mime_type,
  };
}

/** Null once what it was made of is deleted for good. */
const originalOf = (row: Styled): string | null =>
  row.source_photo_id && row.source_mime_type ? originalName(row.source_photo_id, row.source_mime_type) : null;

export const presentPrompt = (userId: string, template: Template) => ({
  id: template.id,
  user_id: userId,
  title: template.name,
  prompt_text: template.prompt_text,
  style_type: template.category ?? 'cinematic',
  is_favorite: template.is_favorite,
  created_at: toNaiveTime(template.created_at),
  updated_at: toNaiveTime(template.updated_at),
});
