import sharp from 'sharp';
import { z } from 'zod';
import { unescaped } from './xml-text.ts';

/**
 * What a painted file tells of how it came about, so that whoever goes on from it goes on with the same mountains: all prompts that led to it, the oldest first, the seed of
 * its composition, and the one of its colours.
 */
export type Lineage = z.infer<typeof lineage>;

const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const lineage = z.object({ prompts: z.array(z.string().max(4000)).min(1).max(50), seed, colours: seed });

/** @returns null for files that the painter has not made, or that no longer say so; they are pictures like all others */
export async function readLineage(path: string): Promise<Lineage | null> {
  const { xmpAsString = '' } = await sharp(path, { limitInputPixels: false }).metadata();
  const [, text] = / painter:lineage="([^"]*)"/.exec(xmpAsString) ?? [];
  if (!text) return null;
  try {
    return lineage.parse(JSON.parse(unescaped(text)));
  } catch {
    return null;
  }
}
