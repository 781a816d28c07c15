import { z } from 'zod';
import type { Told } from '#features/photos/index.ts';
import { openBelow } from '../walk-files.ts';

const mostBytes = 1_000_000;

const seconds = z.object({ timestamp: z.coerce.number() });
const place = z.object({ latitude: z.number(), longitude: z.number(), altitude: z.number().optional() });
// Whatever is not as it should be is left out; the rest still tells something.
const Sidecar = z.object({
  title: z.string().catch(''),
  description: z.string().catch(''),
  photoTakenTime: seconds.optional().catch(undefined),
  creationTime: seconds.optional().catch(undefined),
  geoData: place.optional().catch(undefined),
  geoDataExif: place.optional().catch(undefined),
  favorited: z.boolean().catch(false),
  archived: z.boolean().catch(false),
  trashed: z.boolean().catch(false),
});

export interface SidecarFacts {
  readonly title: string;
  readonly description: string;
  readonly told: Told;
  readonly isTrashed: boolean;
  /** Of an album, if not of a picture: pictures tell when they were taken. */
  readonly isPicture: boolean;
  /** An album's may be empty. */
  readonly hasTitle: boolean;
}

/** @returns `damaged` where it is no JSON, or larger than any of Google Photos is; null where it tells of something else */
export async function readSidecar(root: string, path: string): Promise<SidecarFacts | 'damaged' | null> {
  const text = await readText(root, path);
  const value = text === null ? undefined : parse(text);
  if (value === undefined) return 'damaged';
  const parsed = Sidecar.safeParse(value);
  if (!parsed.success) return null;
  const { title, description, photoTakenTime, creationTime, favorited, archived, trashed, ...places } = parsed.data;
  const location = [places.geoData, places.geoDataExif].find(isPlace);
  return {
    title,
    description,
    isTrashed: trashed,
    isPicture: photoTakenTime !== undefined,
    hasTitle: typeof (value as { title?: unknown }).title === 'string',
    told: {
      ...(photoTakenTime ? { takenAt: { at: toDate(photoTakenTime.timestamp), offsetMinutes: null } } : {}),
      ...(creationTime ? { createdAt: toDate(creationTime.timestamp) } : {}),
      caption: description,
      ...(location
        ? {
            location: {
              latitude: location.latitude,
              longitude: location.longitude,
              altitude: location.altitude || null,
            },
          }
        : {}),
      isFavorite: favorited,
      isArchived: archived,
    },
  };
}

const toDate = (timestamp: number): Date => new Date(Math.max(-8.64e12, Math.min(8.64e12, timestamp)) * 1000);

/** Google writes 0, 0 where it knows none. */
const isPlace = (at: { latitude: number; longitude: number } | undefined): boolean =>
  at !== undefined &&
  Math.abs(at.latitude) <= 90 &&
  Math.abs(at.longitude) <= 180 &&
  (at.latitude !== 0 || at.longitude !== 0);

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readText(root: string, path: string): Promise<string | null> {
  const file = await openBelow(root, path).catch(() => null);
  if (!file) return null;
  try {
    if (file.bytes > mostBytes) return null;
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.body) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    await file.close();
  }
}
