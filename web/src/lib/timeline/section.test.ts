import { expect, test } from 'vitest';
import type { Photo } from '../api-schema.ts';
import { emptySection, withFavorite, withoutPhotos, withPending, withPhoto } from './section.ts';

const photo = (id: string, takenAt: string, more: Partial<Photo> = {}): Photo => ({
  id,
  filename: `${id}.jpg`,
  width: 1500,
  height: 1000,
  bytes: 1,
  mime_type: 'image/jpeg',
  kind: 'uploaded',
  image_type: 'gallery',
  is_primary: false,
  is_generated: false,
  is_favorite: false,
  is_archived: false,
  caption: null,
  tags: [],
  place: null,
  taken_at: takenAt,
  created_at: takenAt,
  deleted_at: null,
  placeholder: null,
  thumbnail_url: `/t/${id}`,
  preview_url: `/p/${id}`,
  full_url: `/f/${id}`,
  retrieval_status: 'completed',
  generation_metadata: {},
  ...more,
});

const june = [
  photo('b', '2024-06-14T09:30:00+02:00'),
  photo('a', '2024-06-01T10:00:00Z', { width: 1000, height: 2000 }),
  photo('c', '2024-06-30T23:00:00Z'),
].reduce(withPhoto, emptySection('2024-06'));

test('photos stand newest first, all columns in step', () => {
  expect(june.id).toEqual(['c', 'b', 'a']);
  expect(june.filename).toEqual(['c.jpg', 'b.jpg', 'a.jpg']);
  expect([...june.ratios]).toEqual([1.5, 1.5, 0.5]);
});

test('the camera’s clock orders, not the instant, as on the server', () => {
  const earlier = withPhoto(june, photo('d', '2024-06-14T08:00:00Z'));
  expect(earlier.id).toEqual(['c', 'b', 'd', 'a']);
  expect(withPhoto(june, photo('e', '2024-06-14T09:30:00.5Z')).id).toEqual(['c', 'e', 'b', 'a']);
});

test('a pending upload stands where its photo will, and the photo then takes the very place', () => {
  const takenAt = '2024-06-10T00:00:00Z';
  const waiting = withPending(june, [{ key: 'up-1', takenAt, ratio: 1.5, name: 'x.jpg' }]);
  expect(waiting.id).toEqual(['c', 'b', 'up-1', 'a']);
  expect(waiting.pending).toEqual([null, null, 'up-1', null]);
  const there = withPhoto(june, photo('x', takenAt));
  expect(there.id.indexOf('x')).toBe(2);
  expect([...there.ratios]).toEqual([...waiting.ratios]);
});

test('a photo known already is replaced, and moves when its date has changed', () => {
  const moved = withPhoto(june, photo('a', '2024-06-20T10:00:00Z', { caption: 'Fog' }));
  expect(moved.id).toEqual(['c', 'a', 'b']);
  expect(moved.caption).toEqual([null, 'Fog', null]);
});

test('hearts and leaving', () => {
  expect(withFavorite(june, new Set(['b']), true).is_favorite).toEqual([false, true, false]);
  expect(withFavorite(june, null, true).is_favorite).toEqual([true, true, true]);
  expect(withoutPhotos(june, new Set(['c', 'a'])).id).toEqual(['b']);
});
