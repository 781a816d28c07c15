/** The names by which the earlier system's clients know files: each holds the id of the photo that it is. */

const endings: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
  'image/heic': 'heic',
  'image/heif': 'heif',
};

const endingOf = (mimeType: string): string => endings[mimeType] ?? 'jpg';

export const resultName = (photoId: string, mimeType: string): string => `generated_${photoId}.${endingOf(mimeType)}`;

export const originalName = (photoId: string, mimeType: string): string => `${photoId}.${endingOf(mimeType)}`;

const form = /^(?:generated_)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.[a-z0-9]{2,5}$/;

/** @returns the id in a file's name, or null where it has none */
export const photoIdIn = (filename: string): string | null => form.exec(filename.toLowerCase())?.[1] ?? null;

/** Whether a name leads out of its folder. */
export const leadsElsewhere = (filename: string): boolean => /\.\.|[/\\\0]/.test(filename);
