import { expect, test } from 'vitest';
import { fileName, formatMs, formatWait, tellCheck, tellPublicPlace } from './storage-words.ts';

test('how long something takes', () => {
  expect([0.2, 40, 59.6, 600, 3600, 12_000, 90_000, 300_000].map(formatWait)).toEqual([
    '1 s',
    '40 s',
    '60 s',
    '10 min',
    '1 h',
    '3 h 20 min',
    '1 day',
    '3 days',
  ]);
  expect([0.42, 3, 12.6].map(formatMs)).toEqual(['0.4 ms', '3 ms', '13 ms']);
});

test('which file it is, and what a check found', () => {
  const hash = 'a'.repeat(64);
  expect(fileName({ hash, variant: 'original' })).toBe('aaaaaaaaaaaa…');
  expect(fileName({ hash, variant: 'small' })).toBe('aaaaaaaaaaaa…, small');
  const check = { started_at: '', finished_at: '2026-11-21T10:00:00Z', data_read: true, first_faults: [], orphans: 0 };
  expect(tellCheck({ ...check, files: 8412, faults: 0 })).toBe(
    '21 November 2026, every byte of 8\u202f412 files: nothing is wrong.',
  );
  expect(tellCheck({ ...check, files: 1, faults: 1, data_read: false })).toBe(
    '21 November 2026, sizes of 1 file: 1 file is not as it should be.',
  );
});

test('where public pictures are read', () => {
  const place = { name: 'shown', url: 'https://pictures.example.org', files: 5, bytes: 900, probe: null };
  expect(tellPublicPlace({ ...place, is_read: true, missing: 0 })).toBe(
    'Public pictures are in s3://shown, read at pictures.example.org',
  );
  expect(tellPublicPlace({ ...place, is_read: true, missing: 2 })).toBe(
    'Public pictures are in s3://shown, read at pictures.example.org, 2 on the way',
  );
  expect(tellPublicPlace({ ...place, is_read: false, missing: 0 })).toBe(
    'Public pictures are in s3://shown, but nobody reads it at pictures.example.org: this server shows them itself',
  );
});
