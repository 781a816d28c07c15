import { describe, expect, test } from 'vitest';
import { quotaOf, roundBytes, spaceWords } from './quota.ts';

const GB = 1e9;
const usage = { photos: 8412, bytes: 38.2 * GB, quota_photos: null, quota_bytes: null };

describe('quotaOf', () => {
  test('without a limit it says only what is used', () => {
    expect(quotaOf(usage)).toEqual({ share: null, words: '38.2 GB in 8\u202f412 photos' });
  });

  test('by space, by count, and by whichever is nearer of both', () => {
    expect(quotaOf({ ...usage, quota_bytes: 100 * GB })).toEqual({ share: 0.382, words: '38.2 of 100 GB' });
    expect(quotaOf({ ...usage, quota_photos: 10_000 })).toEqual({
      share: 0.8412,
      words: '8\u202f412 of 10\u202f000 photos',
    });
    expect(quotaOf({ ...usage, quota_bytes: 100 * GB, quota_photos: 10_000 }).share).toBe(0.8412);
    expect(quotaOf({ ...usage, quota_bytes: 40 * GB, quota_photos: 10_000 }).share).toBe(0.955);
  });

  test('a limit of nothing is full, and one that was lowered is more than full', () => {
    expect(quotaOf({ ...usage, quota_bytes: 0 }).share).toBe(1);
    expect(quotaOf({ ...usage, photos: 3, quota_photos: 1 })).toEqual({ share: 3, words: '3 of 1 photo' });
  });
});

test('units are said once where they are the same', () => {
  expect(spaceWords(812e6, 10 * GB)).toBe('812 MB of 10 GB');
  expect(spaceWords(1.26 * GB, 2.5 * GB)).toBe('1.3 of 2.5 GB');
  expect(spaceWords(0, 500)).toBe('0 of 500 bytes');
  expect(spaceWords(0, 10 * GB)).toBe('0 of 10 GB');
  expect(roundBytes(1e12)).toBe('1 TB');
});
