import { type QueryExecutorProvider, sql } from 'kysely';
import type { PictureFile } from '#platform/imaging/index.ts';

export type PictureKind = 'profile' | 'cover' | 'logo';

/**
 * Says that a picture's files are stored. Runs as the database's owner, so that nobody needs to see whether somebody else's are.
 * @param picture.hash content address of the whole picture, which comes first among the files
 */
export async function recordPicture(
  tx: QueryExecutorProvider,
  picture: { hash: Buffer; bytes: number; driver: string; files: readonly PictureFile[] },
): Promise<void> {
  const files = picture.files.map(({ variant, bytes, width, height }) => ({ variant, bytes, width, height }));
  await sql`select record_picture(${picture.hash}, ${picture.bytes}, ${picture.driver}, ${JSON.stringify(files)}::jsonb)`.execute(
    tx,
  );
}

/** Who sets a picture of the same person or organization at the same time waits, and then finds what this one has set. */
export async function lockPictures(tx: QueryExecutorProvider, id: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${id}, 4))`.execute(tx);
}

/** The content address, hex, of what a person or an organization shows, whoever asks. */
export async function findPicture(tx: QueryExecutorProvider, kind: PictureKind, id: string): Promise<string | null> {
  const { rows } = await sql<{ hash: string | null }>`select find_picture(${kind}, ${id}) as hash`.execute(tx);
  return rows[0]?.hash ?? null;
}

/** The profile picture of who has an e-mail and lets it be found by that. */
export async function findAvatar(tx: QueryExecutorProvider, emailSha256: Buffer): Promise<string | null> {
  const { rows } = await sql<{ hash: string | null }>`select find_avatar(${emailSha256}) as hash`.execute(tx);
  return rows[0]?.hash ?? null;
}
