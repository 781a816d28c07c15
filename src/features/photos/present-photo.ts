import type { z } from '@hono/zod-openapi';
import type { UserCaller } from '#platform/http/caller.ts';
import type { Photo, PhotoMetadata, Variant } from './contract.ts';
import { needsSignature, type SignedUrls } from './signed-urls.ts';
import type { findPhotoDetail, PhotoRow } from './store.ts';

/** IPTC's vocabulary of digital source types. */
const sourceTypes = 'http://cv.iptc.org/newscodes/digitalsourcetype/';

export type PhotoBody = z.infer<typeof Photo>;

/** Turns rows into what the API shows to one caller. */
export function createPresenter(deps: { signedUrls: SignedUrls }, caller: UserCaller) {
  const signed = needsSignature(caller);

  const url = (row: Pick<PhotoRow, 'id' | 'blob_hash'>, variant: Variant): string => {
    // The hash makes the address of the bytes new whenever they are, so that it can be cached for a year.
    const address = `/api/v1/photos/${row.id}/${variant}?v=${row.blob_hash.toString('hex', 0, 8)}`;
    return signed ? `${address}&${deps.signedUrls.sign(row.id, variant, caller)}` : address;
  };

  const photo = (row: PhotoRow): PhotoBody => ({
    id: row.id,
    filename: row.filename,
    width: row.width,
    height: row.height,
    bytes: Number(row.bytes),
    mime_type: row.mime_type,
    kind: row.kind,
    is_generated: row.kind !== 'uploaded',
    // What a photo is to its owner is nobody else's business.
    image_type: row.owner_id === caller.userId ? row.image_type : 'gallery',
    is_primary: row.is_primary && row.owner_id === caller.userId,
    is_favorite: row.is_favorite && row.owner_id === caller.userId,
    is_archived: row.is_archived && row.owner_id === caller.userId,
    caption: row.caption,
    tags: row.owner_id === caller.userId ? row.tags : [],
    place: row.place,
    taken_at: toOffsetTime(row.taken_at, row.taken_offset),
    created_at: row.created_at.toISOString(),
    deleted_at: row.deleted_at?.toISOString() ?? null,
    placeholder: row.placeholder?.toString('base64') ?? null,
    thumbnail_url: url(row, 'medium'),
    preview_url: url(row, 'preview'),
    full_url: url(row, 'original'),
    retrieval_status: 'completed',
    generation_metadata: toMakingInShort(row),
  });

  return {
    photo,
    url,
    /** Many photos as columns of equal length: what a timeline or an album draws, at a third of the size of objects. */
    columns: (rows: readonly PhotoRow[]) => ({
      id: rows.map((row) => row.id),
      width: rows.map((row) => row.width),
      height: rows.map((row) => row.height),
      placeholder: rows.map((row) => row.placeholder?.toString('base64') ?? null),
      thumbnail_url: rows.map((row) => url(row, 'medium')),
      preview_url: rows.map((row) => url(row, 'preview')),
      taken_at: rows.map((row) => toOffsetTime(row.taken_at, row.taken_offset)),
      kind: rows.map((row) => row.kind),
      is_favorite: rows.map((row) => row.is_favorite && row.owner_id === caller.userId),
      caption: rows.map((row) => row.caption),
      filename: rows.map((row) => row.filename),
    }),
    metadata(row: NonNullable<Awaited<ReturnType<typeof findPhotoDetail>>>): z.infer<typeof PhotoMetadata> {
      const { camera_make: make, camera_model: model, lens, latitude, longitude } = row;
      const { negative_prompt: negativePrompt, ...parameters } = row.recipe ?? {};
      return {
        ...photo(row),
        camera: make || model || lens ? { make, model, lens } : null,
        exposure: row.exposure,
        location: latitude !== null && longitude !== null ? { latitude, longitude, altitude: row.altitude } : null,
        source_image_id: row.source_photo_id,
        style: row.style,
        generation_prompt: row.prompt,
        generation_negative_prompt: negativePrompt ?? null,
        generation_params: parameters,
        digital_source_type: row.digital_source && `${sourceTypes}${row.digital_source}`,
      };
    },
  };
}

/** How a picture was made, as far as it is known. */
export function toMakingInShort({
  prompt,
  recipe,
}: Pick<PhotoRow, 'prompt' | 'recipe'>): PhotoBody['generation_metadata'] {
  const { negative_prompt, model_key, model_name, seed, steps, cfg_scale } = recipe ?? {};
  const known = { prompt, negative_prompt, model_key, model_name, seed, steps, cfg_scale };
  return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== null && value !== undefined));
}

/** `2024-06-14T09:30:00+02:00`: wall-clock time first, since that is what people remember. */
export function toOffsetTime(at: Date, offsetMinutes: number | null): string {
  if (offsetMinutes === null) return at.toISOString().replace('.000Z', 'Z');
  const local = new Date(at.getTime() + offsetMinutes * 60_000).toISOString().slice(0, 19);
  const absolute = Math.abs(offsetMinutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(absolute / 60))}:${two(absolute % 60)}`;
}

/** The instant and the offset in minutes of an ISO time; `Z` says UTC without naming a place's offset. */
export function fromOffsetTime(time: string): { at: Date; offsetMinutes: number | null } {
  const offset = /([+-])(\d{2}):?(\d{2})$/.exec(time);
  return {
    at: new Date(time),
    offsetMinutes: offset ? (offset[1] === '-' ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) : null,
  };
}
