import { z } from 'zod';

const time = z
  .string()
  .transform((text) => new Date(text))
  .refine((at) => !Number.isNaN(at.getTime()))
  .nullish()
  .catch(null);

/** What somebody changed or an indexer read; all of it may be missing. */
const Exif = z.object({
  description: z.string().nullish().catch(null),
  latitude: z.number().min(-90).max(90).nullish().catch(null),
  longitude: z.number().min(-180).max(180).nullish().catch(null),
  dateTimeOriginal: time,
  timeZone: z.string().nullish().catch(null),
});

/** `AssetResponseDto` of immich 1.133 to 3, as far as it is brought along. */
export const Asset = z.object({
  id: z.string(),
  ownerId: z.string(),
  type: z.string(),
  originalFileName: z.string(),
  originalPath: z.string().catch(''),
  /** Base64 of a SHA-1. */
  checksum: z.string(),
  fileCreatedAt: time,
  fileModifiedAt: time,
  /** The clock where it was taken, written as if that were UTC. */
  localDateTime: time,
  /** When it came to immich; told since 2.0. */
  createdAt: time,
  isFavorite: z.boolean().catch(false),
  isArchived: z.boolean().catch(false),
  visibility: z.string().optional(),
  isTrashed: z.boolean().catch(false),
  /** Of an external library whose file was not found when it was last looked through. */
  isOffline: z.boolean().catch(false),
  exifInfo: Exif.nullish(),
});
export type Asset = z.infer<typeof Asset>;

/** `AlbumResponseDto`: until 2 it names its owner and has its assets, since 3 its owner is among its users. */
export const Album = z.object({
  id: z.string(),
  albumName: z.string(),
  description: z.string().nullish(),
  albumThumbnailAssetId: z.string().nullish(),
  ownerId: z.string().optional(),
  albumUsers: z.array(z.object({ user: z.object({ id: z.string() }), role: z.string() })).catch([]),
  assetCount: z.number().optional(),
  /** How it is shown; the newest first unless told otherwise. */
  order: z.enum(['asc', 'desc']).optional().catch(undefined),
  assets: z.array(z.object({ id: z.string() })).optional(),
});
export type Album = z.infer<typeof Album>;

/** Of `POST /search/metadata`. */
export interface Search {
  readonly visibility: 'timeline' | 'archive';
  readonly albumIds?: readonly string[];
  readonly withDeleted?: true;
}
