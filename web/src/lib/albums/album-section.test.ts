import { expect, test } from 'vitest';
import type { AlbumColumns, Photo } from '#lib/api-schema.ts';
import { inOrder, toAlbumSection, withChanged, withoutPhotosOf } from './album-section.ts';

const ids = ['a', 'b', 'c'];
const columns = {
  id: ids,
  width: [300, 200, 100],
  height: [200, 200, 200],
  caption: [null, null, 'Fog'],
  taken_at: ids.map((_, i) => `2026-10-0${i + 1}T09:00:00Z`),
  is_favorite: [false, false, false],
  added_by: ['ines', null, 'tomas'],
  people: [],
} as unknown as AlbumColumns;
const section = toAlbumSection(columns);

test('columns become a run with ratios', () => {
  expect([...section.ratios]).toEqual([1.5, 1, 0.5]);
  expect(section.pending).toEqual([null, null, null]);
});

test('another order and fewer photos take every column along', () => {
  const turned = inOrder(section, ['c', 'a', 'b']);
  expect(turned.id).toEqual(['c', 'a', 'b']);
  expect(turned.added_by).toEqual(['tomas', 'ines', null]);
  expect([...turned.ratios]).toEqual([0.5, 1.5, 1]);
  const fewer = withoutPhotosOf(turned, new Set(['a']));
  expect(fewer.id).toEqual(['c', 'b']);
  expect(fewer.caption).toEqual(['Fog', null]);
  expect(section.id).toEqual(ids);
});

test('a smart album names nobody', () => {
  expect(toAlbumSection({ ...columns, added_by: [] }).added_by).toEqual([null, null, null]);
});

test('a changed photo keeps its place', () => {
  const photo = { id: 'b', caption: 'Boats', taken_at: '2020-01-01T00:00:00Z', is_favorite: true } as Photo;
  const changed = withChanged(section, photo);
  expect(changed.id).toEqual(ids);
  expect(changed.caption).toEqual([null, 'Boats', 'Fog']);
  expect(changed.ratios).toBe(section.ratios);
});
