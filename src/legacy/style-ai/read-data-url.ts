import { AppError } from '#platform/http/app-error.ts';

/**
 * The bytes of `data:image/jpeg;base64,…`. What stands before the comma is not believed: what a picture is, its bytes say.
 * @throws AppError `validation_error`
 */
export function readDataUrl(value: unknown): Buffer {
  if (value === undefined || value === null || value === '') throw refuse('No image data provided');
  if (typeof value !== 'string') throw refuse('Image data must be text: data:image/jpeg;base64,…');
  const comma = value.indexOf(',');
  if (comma < 0) throw refuse('Image data must be a data URL: data:image/jpeg;base64,…');
  const base64 = value.slice(comma + 1).replace(/\s+/g, '');
  // Node leaves out what is no base64 and keeps what it understood; half a picture is none.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.replace(/=+$/, '').length % 4 === 1) {
    throw refuse('Image data is not valid base64');
  }
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0) throw refuse('Image data is empty');
  return bytes;
}

const refuse = (message: string): AppError => new AppError('validation_error', message, { field: 'image' });
