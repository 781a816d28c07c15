import { type QueryExecutorProvider, sql } from 'kysely';
import type { PictureVariant } from '#platform/blobs/blob-store.ts';
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

/** Who publishes a file holds it until they commit, beside others who do. It is no lock of the library's own bytes, whose sweeper runs at the same time. */
export async function lockFile(tx: QueryExecutorProvider, sha256: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(${sha256}, 5))`.execute(tx);
}

/** As {@link lockFile}, for who takes it away: alone. @returns false while somebody publishes it */
export async function tryLockFile(tx: QueryExecutorProvider, sha256: string): Promise<boolean> {
  const { rows } = await sql<{
    got: boolean;
  }>`select pg_try_advisory_xact_lock(hashtextextended(${sha256}, 5)) as got`.execute(tx);
  return rows[0]?.got === true;
}

/** Says which files of a picture lie in a public bucket. */
export async function recordPublished(
  tx: QueryExecutorProvider,
  place: string,
  hash: Buffer,
  files: readonly { readonly variant: PictureVariant; readonly sha256: string; readonly bytes: number }[],
): Promise<void> {
  await sql`select record_published(${place}, ${hash}, ${JSON.stringify(files)}::jsonb)`.execute(tx);
}

/** Under which sha256 each file of a picture lies in a public bucket, whoever asks. */
export async function findPublished(
  tx: QueryExecutorProvider,
  place: string,
  hash: string,
): Promise<ReadonlyMap<PictureVariant, string>> {
  const { rows } = await sql<{ variant: PictureVariant; sha256: string }>`
    select variant, sha256 from find_published(${place}, ${Buffer.from(hash, 'hex')})`.execute(tx);
  return new Map(rows.map(({ variant, sha256 }) => [variant, sha256]));
}

const batch = 200;
const toHashes = (rows: readonly { hash: Buffer }[]): Buffer[] => rows.map(({ hash }) => Buffer.from(hash));

/** Notes since when nobody shows what is published, and that somebody does again. @param place null for none */
export async function markUnused(tx: QueryExecutorProvider, place: string | null): Promise<void> {
  await sql`
    with shown as materialized (select hash from shown_pictures())
    update published_pictures p
    set unused_since = case when p.unused_since is null then now() end
    where (p.unused_since is null)
      = (p.place is distinct from ${place} or not exists (select from shown s where s.hash = p.blob_hash))`.execute(tx);
}

const isUnused = (graceMs: number) => sql`unused_since <= now() - make_interval(secs => ${graceMs / 1000})`;

export async function listUnusedPlaces(tx: QueryExecutorProvider, graceMs: number): Promise<string[]> {
  const { rows } = await sql<{
    place: string;
  }>`select distinct place from published_pictures where ${isUnused(graceMs)} order by place`.execute(tx);
  return rows.map(({ place }) => place);
}

/** Pictures that nobody has shown for so long, after one of them. */
export async function listUnused(
  tx: QueryExecutorProvider,
  place: string,
  graceMs: number,
  after: Buffer,
): Promise<Buffer[]> {
  const { rows } = await sql<{ hash: Buffer }>`
    select distinct blob_hash as hash from published_pictures
    where place = ${place} and blob_hash > ${after} and ${isUnused(graceMs)} order by 1 limit ${batch}`.execute(tx);
  return toHashes(rows);
}

/** The files of a picture by their sha256. */
export async function listPublished(tx: QueryExecutorProvider, place: string, hash: Buffer): Promise<string[]> {
  const { rows } = await sql<{ sha256: string }>`
    select encode(sha256, 'hex') as sha256 from published_pictures where place = ${place} and blob_hash = ${hash}`.execute(
    tx,
  );
  return rows.map(({ sha256 }) => sha256);
}

/** Whether any picture has this file. */
export async function isPublished(tx: QueryExecutorProvider, place: string, sha256: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from published_pictures where place = ${place} and sha256 = ${Buffer.from(sha256, 'hex')}) as found`.execute(
    tx,
  );
  return rows[0]?.found === true;
}

export const forgetPublished = (tx: QueryExecutorProvider, place: string, hash: Buffer) =>
  sql`delete from published_pictures where place = ${place} and blob_hash = ${hash}`.execute(tx);

export const forgetFile = (tx: QueryExecutorProvider, place: string, sha256: Buffer) =>
  sql`delete from published_pictures where place = ${place} and sha256 = ${sha256}`.execute(tx);

/** Whether somebody who is not disabled, or an organization, shows it. @param tx of the system */
export async function isPublicPicture(tx: QueryExecutorProvider, hash: Buffer): Promise<boolean> {
  const { rows } = await sql<{ shown: boolean }>`select is_public_picture(${hash}) as shown`.execute(tx);
  return rows[0]?.shown === true;
}

/** Pictures that are shown and are not whole in a public bucket, after one of them. @param tx of the system */
export async function listUnpublished(tx: QueryExecutorProvider, place: string, after: Buffer): Promise<Buffer[]> {
  const { rows } = await sql<{ hash: Buffer }>`
    select hash from unpublished_pictures(${place}) where hash > ${after} order by hash limit ${batch}`.execute(tx);
  return toHashes(rows);
}

export async function listPublishedFiles(
  tx: QueryExecutorProvider,
  place: string,
  after: Buffer,
): Promise<{ sha256: Buffer; bytes: number }[]> {
  const { rows } = await sql<{ sha256: Buffer; bytes: number }>`
    select distinct sha256, bytes from published_pictures
    where place = ${place} and sha256 > ${after} order by sha256 limit ${batch}`.execute(tx);
  return rows.map(({ sha256, bytes }) => ({ sha256: Buffer.from(sha256), bytes }));
}
