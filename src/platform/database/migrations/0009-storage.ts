import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Where bytes are, and the bytes of libraries that keep them in the database itself. */
export async function storage(db: Kysely<unknown>): Promise<void> {
  await storedBytes(db);
  await place(db);
  await checks(db);
}

/** In parts, each read by itself. */
async function storedBytes(db: Kysely<unknown>): Promise<void> {
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

const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
const drivers = sql`('files', 's3', 'postgres')`;

/** The one row that tells where bytes go and, while they are moved, where from. Servers follow it; what is configured is held against it. */
async function place(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table storage_place (
      id boolean primary key default true check (id),
      driver text not null check (driver in ${drivers}),
      source text check (source in ${drivers} and source <> driver),
      version integer not null default 1,
      changed_at timestamptz not null default now(),
      keeps_moving boolean not null default false
    )`.execute(db);
  await sql`comment on column storage_place.keeps_moving is 'Whether servers go on with the move by themselves'`.execute(
    db,
  );
  await sql`comment on table storage_place is
    'Where new bytes go and, while a library is moved, where the others still are; one row, from the first start on'`.execute(
    db,
  );
  await sql`
    create table storage_leftovers (
      driver text primary key check (driver in ${drivers}),
      since timestamptz not null default now()
    )`.execute(db);
  await sql`comment on table storage_leftovers is 'Where a library was before it moved: its bytes are there yet, and nobody reads them'`.execute(
    db,
  );
  await protect(db, 'storage_place', { ownerSeesAll: true });
  await protect(db, 'storage_leftovers');
  for (const table of ['storage_place', 'storage_leftovers']) {
    await sql`create policy system on ${sql.table(table)} using ((select app_is_system()))`.execute(db);
  }
  await sql`insert into storage_place (driver) select driver from blobs limit 1`.execute(db);
  await sql`
    create function settle_storage(p_driver text) returns void ${definer} as $$
    begin
      insert into storage_place (driver) values (p_driver) on conflict do nothing;
    end $$`.execute(db);
  // Every server asks, whoever it asks for: it is how one that did not hear of a move learns of it.
  await sql`
    create function find_storage() returns table (driver text, source text, version integer) ${definer} as $$
    begin
      return query select p.driver, p.source, p.version from storage_place p;
    end $$`.execute(db);
  await sql`
    create function announce_storage() returns trigger language plpgsql as $$
    begin
      perform pg_notify('tintype', 'storage:' || new.driver);
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_storage after update on storage_place for each row execute function announce_storage()`.execute(
    db,
  );
  // Whoever moves a library takes the lock alone: what was said to be stored before is seen, and what is said later is held against the new place.
  await sql`
    create function require_place(p_driver text) returns void ${definer} as $$
    begin
      perform pg_advisory_xact_lock_shared(hashtextextended('storage place', 11));
      if exists (select from storage_place where p_driver not in (driver, coalesce(source, driver))) then
        raise exception 'bytes are kept elsewhere by now' using errcode = 'TT020';
      end if;
    end $$`.execute(db);
  await sql`
    create or replace function record_blob(p_hash bytea, p_bytes bigint, p_driver text, p_derivatives jsonb) returns void ${definer} as $$
    begin
      if app_user_id() is null and not exists (select from app_link() where allow_upload) then
        raise exception 'only a user or a guest who may add photos stores bytes' using errcode = '42501';
      end if;
      perform require_place(p_driver);
      insert into blobs (hash, bytes, driver) values (p_hash, p_bytes, p_driver) on conflict do nothing;
      insert into derivatives (blob_hash, variant, mime_type, bytes, width, height)
        select p_hash, d.variant, d.mime_type, d.bytes, d.width, d.height
        from jsonb_to_recordset(p_derivatives) as d(variant text, mime_type text, bytes int, width int, height int)
        on conflict (blob_hash, variant) do update set mime_type = excluded.mime_type, bytes = excluded.bytes,
          width = excluded.width, height = excluded.height;
    end $$`.execute(db);
  await sql`create index blobs_elsewhere on blobs (driver, hash)`.execute(db);
}

/** What could not be moved, and what was found when the storage was held against the library. */
async function checks(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table storage_checks (
      id uuid primary key,
      started_at timestamptz not null,
      finished_at timestamptz not null default now(),
      data_read boolean not null,
      files integer not null,
      faults integer not null,
      first_faults jsonb not null,
      orphans integer not null
    )`.execute(db);
  await sql`comment on table storage_checks is 'What storage verify found, the latest last'`.execute(db);
  await sql`
    create table storage_faults (
      hash bytea not null references blobs on delete cascade,
      variant text not null,
      why text not null,
      tries integer not null default 1,
      tried_at timestamptz not null default now(),
      primary key (hash, variant)
    )`.execute(db);
  await sql`comment on table storage_faults is 'What could not be moved, and why'`.execute(db);
  for (const table of ['storage_checks', 'storage_faults']) {
    await protect(db, table);
    await sql`create policy system on ${sql.table(table)} using ((select app_is_system()))`.execute(db);
  }
  for (const table of ['storage_checks', 'storage_faults']) {
    await sql`create policy admin_reads on ${sql.table(table)} for select using ((select app_is_admin()))`.execute(db);
  }
  for (const table of ['storage_place', 'storage_leftovers']) {
    await sql`create policy admin on ${sql.table(table)} using ((select app_is_admin()))`.execute(db);
  }
  await sql`
    create function storage_totals() returns table (driver text, blobs bigint, bytes bigint, derivatives bigint, derivative_bytes bigint)
    ${definer} as $$
    begin
      if not (app_is_admin() or app_is_system()) then
        raise exception 'only an administrator may see all of it' using errcode = '42501';
      end if;
      return query select b.driver, count(*), coalesce(sum(b.bytes), 0)::bigint, coalesce(sum(d.n), 0)::bigint, coalesce(sum(d.bytes), 0)::bigint
        from blobs b left join (select blob_hash, count(*) as n, sum(derivatives.bytes) as bytes from derivatives group by 1) d
          on d.blob_hash = b.hash
        group by 1;
    end $$`.execute(db);
}
