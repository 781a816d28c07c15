import type { z } from '@hono/zod-openapi';
import { type PhotoDetailRow, type PhotoRow, toMakingInShort, toOffsetTime } from '#features/photos/index.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import type { GuestPhoto } from './contract.ts';

type Variant = 'medium' | 'preview' | 'original';

/**
 * Turns rows into what a guest is shown: nothing of the owner's ids, albums, favourites or hashes.
 * @param base the address of the visit, such as `/s/{key}`
 */
export function createGuestPresenter(guest: LinkCaller, base: string) {
  const url = (id: string, variant: Variant): string => `${base}/photos/${id}/${variant}`;
  const urls = (id: string) => ({ thumbnail_url: url(id, 'medium'), preview_url: url(id, 'preview') });
  // The clock is shown, and not the offset of where it was read: that tells the place to within a time zone.
  const takenAt = ({ taken_at: at, taken_offset: minutes }: PhotoRow): string =>
    guest.showMetadata
      ? toOffsetTime(at, minutes)
      : toOffsetTime(new Date(at.getTime() + (minutes ?? 0) * 60_000), null);
  const placeholder = (row: PhotoRow): string | null => row.placeholder?.toString('base64') ?? null;

  return {
    photo(row: PhotoDetailRow): z.infer<typeof GuestPhoto> {
      const { camera_make: make, camera_model: model, lens, latitude, longitude } = row;
      const isShown = guest.showMetadata;
      return {
        id: row.id,
        filename: row.filename,
        width: row.width,
        height: row.height,
        mime_type: row.mime_type,
        kind: row.kind,
        is_generated: row.kind !== 'uploaded',
        caption: row.caption,
        taken_at: takenAt(row),
        placeholder: placeholder(row),
        ...urls(row.id),
        bytes: guest.allowDownload ? Number(row.bytes) : null,
        full_url: guest.allowDownload ? url(row.id, 'original') : null,
        camera: isShown && (make || model || lens) ? { make, model, lens } : null,
        exposure: isShown ? row.exposure : null,
        location:
          isShown && latitude !== null && longitude !== null ? { latitude, longitude, altitude: row.altitude } : null,
      };
    },
    /** The photo of a link as photo-gallery answered it. */
    flat: (row: PhotoRow) => ({
      id: row.id,
      filename: row.filename,
      width: row.width,
      height: row.height,
      // Its id tells the moment as well.
      created_at: row.created_at.toISOString(),
      is_generated: row.kind !== 'uploaded',
      thumbnail_url: url(row.id, 'medium'),
      full_url: url(row.id, guest.allowDownload ? 'original' : 'preview'),
      retrieval_status: 'completed' as const,
      generation_metadata: guest.showMetadata ? toMakingInShort(row) : {},
    }),
    cover: (row: PhotoRow) => ({
      id: row.id,
      ...urls(row.id),
      placeholder: placeholder(row),
      width: row.width,
      height: row.height,
      is_generated: row.kind !== 'uploaded',
    }),
    columns: (rows: readonly PhotoRow[]) => ({
      id: rows.map((row) => row.id),
      width: rows.map((row) => row.width),
      height: rows.map((row) => row.height),
      placeholder: rows.map(placeholder),
      thumbnail_url: rows.map((row) => url(row.id, 'medium')),
      preview_url: rows.map((row) => url(row.id, 'preview')),
      taken_at: rows.map(takenAt),
      kind: rows.map((row) => row.kind),
      caption: rows.map((row) => row.caption),
      filename: rows.map((row) => row.filename),
    }),
  };
}
