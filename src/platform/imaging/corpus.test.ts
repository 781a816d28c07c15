import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError } from '#platform/http/app-error.ts';
import { slowness } from '../../../test/slowness.ts';
import { createImaging, type Imaging, type StyleId, styleIds } from './index.ts';

// libvips caches by file name, and these tests write other pictures to the same names.
sharp.cache(false);

const corpus = join(import.meta.dirname, '../../../../shared/corpus');

interface Line {
  file: string;
  expect: string;
  note?: string;
}

const lines = existsSync(corpus)
  ? readFileSync(join(corpus, 'manifest.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line): Line => JSON.parse(line))
      .filter(({ file }) => !file.startsWith('multipart/'))
  : [];

/** The manifest refuses HEIC for a reader without a decoder for it, and says so; this one has a decoder. */
const expected = ({ file, expect }: Line) => (file.endsWith('.heif') ? 'accept' : expect);

describe.skipIf(lines.length === 0)('the shared corpus', () => {
  let imaging: Imaging;
  let outDir: string;
  beforeAll(async () => {
    outDir = await mkdtemp(join(tmpdir(), 'corpus-'));
    imaging = createImaging({ processes: 2, timeoutMs: 20_000 * slowness });
  });
  afterAll(async () => {
    imaging.close();
    await rm(outDir, { recursive: true });
  });

  test.each(lines.map((line) => [line.file, expected(line), line.note ?? ''] as const))(
    '%s: %s %s',
    async (file, wanted) => {
      const result = await imaging.ingest({ path: join(corpus, file), outDir }).catch((error: unknown) => error);
      if (wanted !== 'accept') {
        expect(result).toBeInstanceOf(AppError);
        expect(`reject-${(result as AppError).status}`).toBe(wanted);
        return;
      }
      if (result instanceof Error) throw result;
      const { derivatives, placeholder, width, height } = result as Awaited<ReturnType<Imaging['ingest']>>;
      expect(derivatives.map(({ variant }) => variant)).toEqual(['preview', 'medium', 'small']);
      // What the header said and what was decoded agree, orientation included.
      const scale = Math.min(1, 2048 / Math.max(width, height));
      expect(derivatives[0]).toMatchObject({
        width: Math.max(1, Math.round(width * scale)),
        height: Math.max(1, Math.round(height * scale)),
      });
      for (const { path, bytes } of derivatives) expect((await stat(path)).size).toBe(bytes);
      expect(placeholder.length).toBeGreaterThan(4);
    },
  );

  test.each(lines.map((line, n) => [line.file, expected(line), styleIds[n % styleIds.length] as StyleId] as const))(
    '%s: %s, in the style %s',
    async (file, wanted, style) => {
      const request = { style, strength: 0.8, takenAt: null, takenOffset: null, make: null, model: null };
      const result = await imaging.stylePhoto({ path: join(corpus, file), outDir, request }).catch((error) => error);
      if (wanted !== 'accept') {
        expect(result).toBeInstanceOf(AppError);
        expect(`reject-${(result as AppError).status}`).toBe(wanted);
        return;
      }
      if (result instanceof Error) throw result;
      const { width, height } = await sharp(result.path).metadata();
      expect([width, height]).toEqual([result.width, result.height]);
      expect(width * height).toBeLessThanOrEqual(24_000_000);
    },
    60_000,
  );

  test('nothing but derivatives was written', () => {
    const known = [
      'preview.jpg',
      'preview.webp',
      'medium.webp',
      'small.webp',
      'styled.jpg',
      'styled.webp',
      'styled.png',
    ];
    expect(readdirSync(outDir).filter((name) => !known.includes(name))).toEqual([]);
  });
});
