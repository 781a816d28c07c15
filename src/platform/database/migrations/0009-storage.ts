import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Bytes in the database itself, for libraries that keep them there: in parts, each read by itself. */
export async function storage(db: Kysely<unknown>): Promise<void> {
  await sql`create function app_is_storage() returns boolean language sql stable parallel safe as $$
    select coalesce(current_setting('app.principal', true) = 'storage', false) $$`.execute(db);
  await sql`
    create table stored_blobs (
      hash bytea not null check (length(hash) = 32),
      variant text not null check (variant in ('original', 'preview', 'medium', 'small', 'cleaned')),
      content uuid not null unique,
      bytes bigint not null check (bytes >= 0),
      sha256 bytea not null check (length(sha256) = 32),
      modified_at timestamptz not null default now(),
      primary key (hash, variant)
    )`.execute(db);
  await sql`comment on table stored_blobs is 'Blobs that the database keeps; empty with other drivers'`.execute(db);
  await sql`
    create table stored_parts (
      content uuid not null references stored_blobs (content) on delete cascade,
      part integer not null check (part >= 0),
      bytes bytea not null,
      primary key (content, part)
    )`.execute(db);
  await sql`comment on table stored_parts is 'A mebibyte each but for the last, never compressed: pictures are already'`.execute(
    db,
  );
  // Whole values out of line, so that a few bytes of a part are read without the rest of it.
  await sql`alter table stored_parts alter column bytes set storage external`.execute(db);
  for (const table of ['stored_blobs', 'stored_parts']) {
    await protect(db, table);
    await sql`create policy storage on ${sql.table(table)} using ((select app_is_storage())) with check ((select app_is_storage()))`.execute(
      db,
    );
  }
}
