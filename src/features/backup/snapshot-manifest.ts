import { createHash } from 'node:crypto';
import { z } from 'zod';
import { variants } from '#platform/blobs/blob-store.ts';
import { BackupError } from './backup-error.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
const name = z.string().regex(/^[a-z_][a-z0-9_]*$/);
const file = z.object({ bytes: count, sha256, rows: count });

/** What is wrong with a file that the library should have. */
export const FileFault = z.object({
  hash: sha256,
  variant: z.enum(variants),
  what: z.enum(['missing', 'short', 'changed', 'unreadable']),
});
export type FileFault = z.output<typeof FileFault>;

/** What a snapshot says of itself. It is written last: a snapshot without one was interrupted. */
export const SnapshotManifest = z.object({
  format: z.literal(1),
  /** The version of Tintype that made it. */
  tintype: z.string(),
  /** Tells libraries apart, and nothing else. */
  library: sha256,
  started_at: z.iso.datetime(),
  finished_at: z.iso.datetime(),
  migrations: z.array(z.string()).min(1),
  tables: z.array(file.extend({ name, columns: z.array(name).min(1) })),
  counters: z.array(z.object({ table: name, column: name, last: z.string().regex(/^\d+$/), called: z.boolean() })),
  /** Why some tables did not come along. */
  left_out: z.record(z.string(), z.string()),
  /** The list of files: a line each with the hash of the photo, the variant, bytes, and the sha256 of the file, which is its name. */
  files: file.extend({ total_bytes: count, originals: count }),
  faults: z.array(FileFault),
});
export type SnapshotManifest = z.output<typeof SnapshotManifest>;

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** JSON with a digest of itself, so that one digit that fell over is found. */
export function writeManifest(manifest: SnapshotManifest): string {
  const body = JSON.stringify(manifest);
  return `${JSON.stringify({ ...manifest, digest: digestOf(body) }, null, 2)}\n`;
}

/**
 * @param of the snapshot's name, for what is said when it cannot be used
 * @throws BackupError
 */
export function readManifest(text: string, of: string): SnapshotManifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw damaged(of);
  }
  const format = z.object({ format: z.number() }).safeParse(parsed);
  if (format.success && format.data.format > 1) {
    throw new BackupError(`The snapshot ${of} was made by a newer Tintype: restore it with that version.`);
  }
  const { digest, ...rest } = (parsed ?? {}) as Record<string, unknown>;
  const manifest = SnapshotManifest.safeParse(rest);
  if (!manifest.success || digest !== digestOf(JSON.stringify(rest))) throw damaged(of);
  return manifest.data;
}

const damaged = (of: string) =>
  new BackupError(
    `The manifest of the snapshot ${of} is damaged, so it is of no use: take another (“restore --list” names them), and remove its folder.`,
  );
