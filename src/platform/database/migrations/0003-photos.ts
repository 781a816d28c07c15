import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Photos, the blobs under them, and the counters that keep a timeline's first page free of counting. */
export async function photos(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table blobs (
      hash bytea primary key check (length(hash) = 32),
      bytes bigint not null check (bytes > 0),
      driver text not null,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table derivatives (
      blob_hash bytea not null references blobs on delete cascade,
      variant text not null check (variant in ('preview', 'medium', 'small')),
      mime_type text not null check (mime_type ~ '^image/[a-z]+$'),
      bytes integer not null,
      width integer not null,
      height integer not null,
      primary key (blob_hash, variant)
    )`.execute(db);
  await sql`
    create table photos (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      blob_hash bytea not null references blobs,
      filename text not null check (length(filename) between 1 and 255),
      mime_type text not null,
      bytes bigint not null,
      width integer not null check (width > 0),
      height integer not null check (height > 0),
      animated boolean not null default false,
      kind text not null default 'uploaded' check (kind in ('uploaded', 'styled', 'generated')),
      source_photo_id uuid references photos on delete set null,
      is_favorite boolean not null default false,
      caption text check (length(caption) <= 1000),
      taken_at timestamptz not null,
      taken_offset smallint check (taken_offset between -1080 and 1080),
      taken_from text not null check (taken_from in ('camera', 'file', 'upload', 'person')),
      sort_at timestamp not null generated always as
        ((taken_at at time zone 'UTC') + make_interval(mins => coalesce(taken_offset, 0))) stored,
      placeholder bytea check (length(placeholder) <= 64),
      camera_make text,
      camera_model text,
      lens text,
      exposure jsonb,
      latitude double precision,
      longitude double precision,
      altitude double precision,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      deleted_at timestamptz
    )`.execute(db);
  await sql`comment on column photos.sort_at is
    'Wall-clock time where the photo was taken: what a timeline is sorted and grouped by.'`.execute(db);
  await sql`comment on column photos.taken_offset is 'Minutes east of UTC, where the camera told them.'`.execute(db);
  await sql`create index photos_timeline on photos (owner_id, sort_at desc, id desc) where deleted_at is null`.execute(
    db,
  );
  await sql`create index photos_favorites on photos (owner_id, sort_at desc, id desc) where deleted_at is null and is_favorite`.execute(
    db,
  );
  await sql`create index photos_made on photos (owner_id, sort_at desc, id desc) where deleted_at is null and kind <> 'uploaded'`.execute(
    db,
  );
  await sql`create index photos_trash on photos (owner_id, deleted_at desc, id desc) where deleted_at is not null`.execute(
    db,
  );
  await sql`create index photos_owner_blob on photos (owner_id, blob_hash)`.execute(db);
  await sql`create index photos_blob on photos (blob_hash)`.execute(db);
  await sql`create index photos_source on photos (source_photo_id) where source_photo_id is not null`.execute(db);
  await sql`
    create table timeline_months (
      owner_id uuid not null references users on delete cascade,
      month date not null,
      photos integer not null default 0,
      favorites integer not null default 0,
      made integer not null default 0,
      primary key (owner_id, month)
    )`.execute(db);
  await sql`
    create table usage (
      owner_id uuid primary key references users on delete cascade,
      photos bigint not null default 0,
      bytes bigint not null default 0
    )`.execute(db);
  await sql`
    create table uploads (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      filename text not null,
      modified_at timestamptz,
      bytes bigint not null,
      status text not null default 'receiving' check (status in ('receiving', 'complete', 'failed')),
      photo_id uuid references photos on delete cascade,
      duplicate boolean not null default false,
      error jsonb,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index uploads_owner on uploads (owner_id, created_at)`.execute(db);
  await sql`create index uploads_photo on uploads (photo_id)`.execute(db);
  await sql`
    create table downloads (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      photo_ids uuid[] not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index downloads_owner on downloads (owner_id, created_at)`.execute(db);

  // Nobody but its owner and the system sees a photo, not even the definer functions of the database's owner.
  for (const table of ['photos', 'uploads', 'downloads']) await protect(db, table);
  for (const table of ['blobs', 'derivatives', 'timeline_months', 'usage']) {
    await protect(db, table, { ownerSeesAll: true });
  }
  const mine = sql`owner_id = (select app_user_id())`;
  // A foreign key looks past policies: without this, it would tell a photo that is foreign from one that is absent.
  const refersToMine = sql`and (photo_id is null or exists (select from photos p where p.id = uploads.photo_id))`;
  for (const table of ['photos', 'uploads', 'downloads']) {
    const check = table === 'uploads' ? sql`${mine} ${refersToMine}` : mine;
    await sql`create policy own on ${sql.table(table)} using (${mine}) with check (${check})`.execute(db);
    await sql`create policy system on ${sql.table(table)} using ((select app_is_system()))`.execute(db);
  }
  for (const table of ['timeline_months', 'usage']) {
    await sql`create policy own on ${sql.table(table)} for select using (${mine})`.execute(db);
  }
  await sql`create policy admin_reads on usage for select using ((select app_is_admin()))`.execute(db);
  for (const table of ['blobs', 'derivatives']) {
    await sql`create policy system on ${sql.table(table)} using ((select app_is_system()))`.execute(db);
  }
  // The inner select is bound by the policy of photos: one sees the derivatives of what one sees.
  await sql`create policy of_visible_photos on derivatives for select using (
    (select app_principal_kind()) = 'user' and exists (select from photos p where p.blob_hash = derivatives.blob_hash))`.execute(
    db,
  );

  await functions(db);
}

async function functions(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;

  // An uploader may say "these bytes are stored"; nobody can ask whether somebody else's are.
  await sql`
    create function record_blob(p_hash bytea, p_bytes bigint, p_driver text, p_derivatives jsonb) returns void ${definer} as $$
    begin
      if app_user_id() is null then raise exception 'only a user stores bytes' using errcode = '42501'; end if;
      insert into blobs (hash, bytes, driver) values (p_hash, p_bytes, p_driver) on conflict do nothing;
      insert into derivatives (blob_hash, variant, mime_type, bytes, width, height)
        select p_hash, d.variant, d.mime_type, d.bytes, d.width, d.height
        from jsonb_to_recordset(p_derivatives) as d(variant text, mime_type text, bytes int, width int, height int)
        on conflict (blob_hash, variant) do update set mime_type = excluded.mime_type, bytes = excluded.bytes,
          width = excluded.width, height = excluded.height;
    end $$`.execute(db);

  // Counters follow photos by statement, whatever changed them; months are taken in order, so that two never deadlock.
  await sql`
    create function count_photos() returns trigger ${definer} as $$
    begin
      if tg_op = 'INSERT' then
        insert into usage as u (owner_id, photos, bytes)
          select owner_id, count(*), sum(bytes) from new_rows group by owner_id order by owner_id
          on conflict (owner_id) do update set photos = u.photos + excluded.photos, bytes = u.bytes + excluded.bytes;
        insert into timeline_months as m (owner_id, month, photos, favorites, made)
          select owner_id, date_trunc('month', sort_at)::date, count(*), count(*) filter (where is_favorite),
                 count(*) filter (where kind <> 'uploaded')
          from new_rows where deleted_at is null group by 1, 2 order by 1, 2
          on conflict (owner_id, month) do update set photos = m.photos + excluded.photos,
            favorites = m.favorites + excluded.favorites, made = m.made + excluded.made;
      elsif tg_op = 'DELETE' then
        update usage u set photos = u.photos - d.n, bytes = u.bytes - d.b
          from (select owner_id, count(*) n, sum(bytes) b from old_rows group by 1) d where u.owner_id = d.owner_id;
        update timeline_months m set photos = m.photos - d.n, favorites = m.favorites - d.f, made = m.made - d.g
          from (select owner_id, date_trunc('month', sort_at)::date as month, count(*) n, count(*) filter (where is_favorite) f,
                       count(*) filter (where kind <> 'uploaded') g
                from old_rows where deleted_at is null group by 1, 2) d
          where m.owner_id = d.owner_id and m.month = d.month;
      else
        insert into timeline_months as m (owner_id, month, photos, favorites, made)
          select owner_id, month, sum(n), sum(f), sum(g) from (
            select owner_id, date_trunc('month', sort_at)::date as month, 1 n, is_favorite::int f, (kind <> 'uploaded')::int g
              from new_rows where deleted_at is null
            union all
            select owner_id, date_trunc('month', sort_at)::date, -1, -(is_favorite::int), -((kind <> 'uploaded')::int)
              from old_rows where deleted_at is null) changes
          group by 1, 2 having sum(n) <> 0 or sum(f) <> 0 or sum(g) <> 0 order by 1, 2
          on conflict (owner_id, month) do update set photos = m.photos + excluded.photos,
            favorites = m.favorites + excluded.favorites, made = m.made + excluded.made;
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger count_inserted after insert on photos referencing new table as new_rows
    for each statement execute function count_photos()`.execute(db);
  await sql`create trigger count_deleted after delete on photos referencing old table as old_rows
    for each statement execute function count_photos()`.execute(db);
  await sql`create trigger count_updated after update on photos referencing old table as old_rows new table as new_rows
    for each statement execute function count_photos()`.execute(db);

  // Servers remember who owns which photo for the sake of thumbnails; a change of that is told at once.
  await sql`
    create function announce_photo_change() returns trigger ${definer} as $$
    declare v_owner uuid;
    begin
      if (select count(*) from (select from old_rows limit 101) few) > 100 then
        for v_owner in select distinct owner_id from old_rows loop
          perform pg_notify('tintype', 'owner:' || v_owner);
        end loop;
      elsif tg_op = 'DELETE' then
        perform pg_notify('tintype', 'photo:' || id) from old_rows;
      else
        perform pg_notify('tintype', 'photo:' || o.id) from old_rows o join new_rows n on n.id = o.id
          where (o.deleted_at is null) <> (n.deleted_at is null) or o.owner_id <> n.owner_id or o.blob_hash <> n.blob_hash;
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_deleted after delete on photos referencing old table as old_rows
    for each statement execute function announce_photo_change()`.execute(db);
  await sql`create trigger announce_updated after update on photos referencing old table as old_rows new table as new_rows
    for each statement execute function announce_photo_change()`.execute(db);
}
