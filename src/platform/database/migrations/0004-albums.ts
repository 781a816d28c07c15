import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Albums, what is in them and who belongs to them; from here on a photo may be seen by others than its owner. */
export async function albums(db: Kysely<unknown>): Promise<void> {
  // Referring to a photo together with its owner keeps a foreign id from telling that it exists.
  await sql`alter table photos add constraint photos_owner_id unique (owner_id, id)`.execute(db);
  await sql`alter table photos drop constraint photos_source_photo_id_fkey`.execute(db);
  await sql`
    update photos p set source_photo_id = null where source_photo_id is not null
      and not exists (select from photos s where s.id = p.source_photo_id and s.owner_id = p.owner_id)`.execute(db);
  await sql`alter table photos add constraint photos_source foreign key (owner_id, source_photo_id)
    references photos (owner_id, id) on delete set null (source_photo_id)`.execute(db);

  await sql`
    create table albums (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      name text not null check (length(name) between 1 and 200),
      description text check (length(description) <= 2000),
      cover_photo_id uuid,
      filter jsonb,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (owner_id, id)
    )`.execute(db);
  await sql`comment on column albums.filter is 'Set on a smart album: what it shows is searched for, and nothing lies in it.'`.execute(
    db,
  );
  await sql`create index albums_owner on albums (owner_id, updated_at desc, id desc)`.execute(db);
  await sql`
    create table album_photos (
      album_id uuid not null,
      photo_id uuid not null references photos on delete cascade,
      album_owner_id uuid not null,
      position double precision not null,
      added_by uuid references users on delete cascade,
      added_at timestamptz not null default now(),
      primary key (album_id, photo_id),
      foreign key (album_owner_id, album_id) references albums (owner_id, id) on delete cascade
    )`.execute(db);
  await sql`comment on column album_photos.added_by is 'Null for what a guest sent through a link.'`.execute(db);
  await sql`create index album_photos_order on album_photos (album_id, position, photo_id)`.execute(db);
  await sql`create index album_photos_photo on album_photos (photo_id)`.execute(db);
  await sql`create index album_photos_adder on album_photos (added_by)`.execute(db);
  // A cover lies in its album, and taking it out leaves the album without one.
  await sql`alter table albums add constraint albums_cover foreign key (id, cover_photo_id)
    references album_photos (album_id, photo_id) on delete set null (cover_photo_id)`.execute(db);
  await sql`
    create table album_pins (
      user_id uuid not null references users on delete cascade,
      album_id uuid not null references albums on delete cascade,
      created_at timestamptz not null default now(),
      primary key (user_id, album_id)
    )`.execute(db);
  await sql`create index album_pins_album on album_pins (album_id)`.execute(db);

  await sql`alter table downloads add column name text, add column album_id uuid references albums on delete cascade`.execute(
    db,
  );
  await sql`create index downloads_album on downloads (album_id) where album_id is not null`.execute(db);

  for (const table of ['albums', 'album_photos', 'album_pins']) await protect(db, table, { ownerSeesAll: true });
  await visibility(db);
  await policies(db);
  await members(db);
}

/** Functions for policies that would recurse if they read each other's tables: what runs in a function is planned apart. */
async function visibility(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language sql stable security definer set search_path = public, pg_temp`;
  await sql`
    create function app_sees_album(p_album uuid) returns boolean ${definer} as $$
      select exists (select from albums a where a.id = p_album and a.owner_id = app_user_id()) or exists (
        select from memberships m
        where m.user_id = app_user_id() and m.resource_kind = 'album' and m.resource_id = p_album)
    $$`.execute(db);
  // Runs as whoever asks, bound by the policies of photos.
  await sql`
    create function app_owns_photo(p_photo uuid) returns boolean language sql stable as $$
      select exists (select from photos p where p.id = p_photo and p.owner_id = app_user_id())
    $$`.execute(db);
}

async function policies(db: Kysely<unknown>): Promise<void> {
  const me = sql`(select app_user_id())`;
  const joined = sql`select m.resource_id from memberships m where m.user_id = ${me} and m.resource_kind = 'album'`;
  await sql`create policy own on albums using (owner_id = ${me}) with check (owner_id = ${me})`.execute(db);
  await sql`create policy seen on albums for select using (id in (${joined}))`.execute(db);
  await sql`create policy system on albums using ((select app_is_system()))`.execute(db);

  await sql`create policy own on album_photos for select using (album_owner_id = ${me})`.execute(db);
  await sql`create policy seen on album_photos for select using (album_id in (${joined}))`.execute(db);
  await sql`create policy adds on album_photos for insert with check (
    added_by = ${me} and (album_owner_id = ${me} or album_id in (${joined} and m.role = 'contributor'))
    and app_owns_photo(photo_id))`.execute(db);
  await sql`create policy arranges on album_photos for update using (album_owner_id = ${me}) with check (album_owner_id = ${me})`.execute(
    db,
  );
  await sql`create policy takes_out on album_photos for delete using (album_owner_id = ${me} or added_by = ${me})`.execute(
    db,
  );
  await sql`create policy system on album_photos using ((select app_is_system()))`.execute(db);
  await sql`create policy own on album_pins using (user_id = ${me}) with check (user_id = ${me} and exists (
    select from albums a where a.id = album_id))`.execute(db);

  await sql`drop policy own on downloads`.execute(db);
  await sql`create policy own on downloads using (owner_id = ${me}) with check (owner_id = ${me}
    and (album_id is null or exists (select from albums a where a.id = album_id)))`.execute(db);

  // Policies are tried in the order of their names: what is one's own is settled before albums are asked.
  await sql`create policy shared on photos for select using (
    deleted_at is null and exists (select from album_photos ap where ap.photo_id = photos.id))`.execute(db);
}

/** Who belongs to an album is written here alone, by its owner, or by the one who leaves. */
async function members(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function find_person(p_username text) returns table (user_id uuid, username text, display_name text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select u.id, u.username, u.display_name from users u
      where app_user_id() is not null and lower(u.username) = lower(p_username) and u.disabled_at is null
    $$`.execute(db);
  await sql`
    create function add_album_member(p_album uuid, p_user uuid, p_role text) returns boolean ${definer} as $$
    begin
      if p_role not in ('viewer', 'contributor') or p_user = app_user_id() then return false; end if;
      perform from albums a where a.id = p_album and a.owner_id = app_user_id() and a.filter is null for update;
      if not found then return false; end if;
      insert into memberships (user_id, resource_kind, resource_id, role) values (p_user, 'album', p_album, p_role)
        on conflict do nothing;
      return found;
    end $$`.execute(db);
  await sql`
    create function set_album_role(p_album uuid, p_user uuid, p_role text) returns boolean ${definer} as $$
    begin
      if p_role not in ('viewer', 'contributor')
        or not exists (select from albums a where a.id = p_album and a.owner_id = app_user_id()) then return false; end if;
      update memberships set role = p_role where user_id = p_user and resource_kind = 'album' and resource_id = p_album;
      return found;
    end $$`.execute(db);
  // Whoever goes takes along what they added: it is theirs, and nobody else could take it back.
  await sql`
    create function remove_album_member(p_album uuid, p_user uuid) returns boolean ${definer} as $$
    begin
      if p_user is distinct from app_user_id()
        and not exists (select from albums a where a.id = p_album and a.owner_id = app_user_id()) then return false; end if;
      delete from memberships where user_id = p_user and resource_kind = 'album' and resource_id = p_album;
      if not found then return false; end if;
      delete from album_photos where album_id = p_album and added_by = p_user;
      delete from album_pins where album_id = p_album and user_id = p_user;
      return true;
    end $$`.execute(db);
  await sql`
    create function album_people(p_album uuid)
    returns table (user_id uuid, username text, display_name text, role text, joined_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp as $$
      select u.id, u.username, u.display_name, p.role, p.joined_at
      from (select a.owner_id as user_id, 'owner' as role, a.created_at as joined_at from albums a
              where a.id = p_album and app_sees_album(a.id)
            union all
            select m.user_id, m.role, m.created_at from memberships m join albums a on a.id = m.resource_id
              where m.resource_kind = 'album' and a.id = p_album and app_sees_album(a.id)) p
        join users u on u.id = p.user_id
      order by p.role = 'owner' desc, p.joined_at, u.id
    $$`.execute(db);
  // Memberships refer to albums by kind and id, so no foreign key takes them along.
  await sql`
    create function forget_album() returns trigger ${definer} as $$
    begin
      delete from memberships where resource_kind = 'album' and resource_id = old.id;
      return null;
    end $$`.execute(db);
  await sql`create trigger forget after delete on albums for each row execute function forget_album()`.execute(db);
  // An album is as new as what was last put into it or taken out, by whomever; contributors may not write its row.
  await sql`
    create function touch_albums() returns trigger ${definer} as $$
    begin
      update albums set updated_at = now() where id in (select album_id from changed);
      return null;
    end $$`.execute(db);
  await sql`create trigger touch_added after insert on album_photos referencing new table as changed
    for each statement execute function touch_albums()`.execute(db);
  await sql`create trigger touch_removed after delete on album_photos referencing old table as changed
    for each statement execute function touch_albums()`.execute(db);
}
