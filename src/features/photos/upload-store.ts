import { type Insertable, type Kysely, sql } from 'kysely';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

export const findUpload = (tx: Tx, id: string) =>
  tx.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();

export async function insertUpload(tx: Tx, upload: Insertable<PhotoTables['uploads']>): Promise<void> {
  await tx.insertInto('uploads').values(upload).execute();
}

/** Writes down what became of an upload; an upload that was given up meanwhile stays gone. */
export async function settleUpload(
  tx: Tx,
  id: string,
  outcome: { status: 'complete'; photo_id: string; duplicate: boolean } | { status: 'failed'; error: string },
): Promise<void> {
  await tx.updateTable('uploads').set(outcome).where('id', '=', id).execute();
}

export async function deleteUpload(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom('uploads').where('id', '=', id).execute();
}

/** Of these uploads, the ones that still wait for bytes. */
export async function findReceiving(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from uploads where id::text = any(${ids}) and status = 'receiving'`.execute(tx);
  return new Set(rows.map(({ id }) => id));
}

/** Fails with TT010 unless a photo of this size would fit. Runs as the database's owner: guests may not see the figures. */
export async function requireRoom(tx: Tx, ownerId: string, bytes: number, photos: number): Promise<void> {
  await sql`select require_room(${ownerId}, ${bytes}, ${photos})`.execute(tx);
}

/** As {@link requireRoom}, beside all that is announced. @returns how many uploads are unfinished */
export async function requireUploadRoom(tx: Tx, ownerId: string, bytes: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    with announced as (
      select count(*) as n, coalesce(sum(bytes), 0) as bytes from uploads
      where owner_id = ${ownerId} and status = 'receiving' and expires_at > now())
    select n::int, require_room(${ownerId}, bytes::bigint + ${bytes}::bigint, n + 1) from announced`.execute(tx);
  return rows[0]?.n ?? 0;
}
