import { type Kysely, sql } from 'kysely';
import { announceLinks } from './0007-events.ts';
import { protect } from './protect.ts';

/** Links, and the principal of whoever comes by one. */
export async function sharing(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table shared_links (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      photo_id uuid,
      album_id uuid,
      key_hash bytea not null unique check (length(key_hash) = 32),
      key_sealed bytea not null,
      password_hash text,
      has_password boolean not null generated always as (password_hash is not null) stored,
      password_version integer not null default 1,
      allow_download boolean not null default false,
      allow_upload boolean not null default false,
      show_metadata boolean not null default false,
      max_views integer check (max_views between 1 and 1000000),
      views integer not null default 0,
      last_viewed_at timestamptz,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz,
      unique (owner_id, id),
      check (num_nonnulls(photo_id, album_id) = 1),
      check (album_id is not null or not allow_upload),
      foreign key (owner_id, photo_id) references photos (owner_id, id) on delete cascade,
      foreign key (owner_id, album_id) references albums (owner_id, id) on delete cascade
    )`.execute(db);
  await sql`comment on column shared_links.key_sealed is
    'The key, encrypted with what derives from the library''s secret, so that its owner can copy the address again.'`.execute(
    db,
  );
  await sql`create index shared_links_owner on shared_links (owner_id, created_at desc, id desc)`.execute(db);
  await sql`create index shared_links_photo on shared_links (owner_id, photo_id)`.execute(db);
  await sql`create index shared_links_album on shared_links (owner_id, album_id)`.execute(db);
  // What a guest sent is the owner's; the link says by which way it came, and lets that guest see it being added.
  await sql`alter table photos add column link_id uuid, add constraint photos_link foreign key (owner_id, link_id)
    references shared_links (owner_id, id) on delete set null (link_id)`.execute(db);
  await sql`alter table album_photos add column link_id uuid, add constraint album_photos_link foreign key (album_owner_id, link_id)
    references shared_links (owner_id, id) on delete set null (link_id)`.execute(db);
  await sql`create index photos_by_link on photos (link_id) where link_id is not null`.execute(db);
  await sql`create index album_photos_by_link on album_photos (link_id) where link_id is not null`.execute(db);
  await protect(db, 'shared_links', { ownerSeesAll: true });
  await linkPrincipal(db);
  await policies(db);
  await doors(db);
  await announceLinks(db);
}

async function linkPrincipal(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language sql stable security definer set search_path = public, pg_temp`;
  await sql`
    create function app_link_id() returns uuid language sql stable parallel safe as $$
      select case when current_setting('app.principal', true) like 'link:%'
                  then split_part(current_setting('app.principal', true), ':', 2)::uuid end
    $$`.execute(db);
  // A link that is closed, expired or of somebody who is disabled opens nothing, whatever the server remembers of it.
  await sql`
    create function app_link() returns table (link_id uuid, owner_id uuid, photo_id uuid, album_id uuid, allow_upload boolean)
    ${definer} as $$
      select l.id, l.owner_id, l.photo_id, l.album_id, l.allow_upload
      from shared_links l join users u on u.id = l.owner_id
      where l.id = app_link_id() and l.revoked_at is null and (l.expires_at is null or l.expires_at > now())
        and u.disabled_at is null
    $$`.execute(db);
  await sql`
    create function app_link_album() returns uuid ${definer} as $$ select album_id from app_link() $$`.execute(db);
  await sql`
    create function app_link_photo() returns uuid ${definer} as $$ select photo_id from app_link() $$`.execute(db);
  await sql`
    create function app_sent_photo(p_photo uuid) returns boolean language sql stable as $$
      select exists (select from photos p where p.id = p_photo and p.link_id = app_link_id())
    $$`.execute(db);
}

async function policies(db: Kysely<unknown>): Promise<void> {
  const me = sql`(select app_user_id())`;
  await sql`create policy own on shared_links using (owner_id = ${me}) with check (owner_id = ${me})`.execute(db);
  await sql`create policy system on shared_links using ((select app_is_system()))`.execute(db);
  await sql`create policy of_link on albums for select using (id = (select app_link_album()))`.execute(db);
  await sql`create policy of_link on album_photos for select using (album_id = (select app_link_album()))`.execute(db);
  // What a guest sends is seen in the transaction that adds it, whose start its time is: from then on by the album alone, as
  // its owner may take it out.
  await sql`create policy of_link on photos for select using (
    deleted_at is null
    and (id = (select app_link_photo()) or (link_id = (select app_link_id()) and created_at = now())))`.execute(db);
  await sql`create policy guest_sends on photos for insert with check (
    link_id = (select app_link_id()) and kind = 'uploaded' and deleted_at is null and not is_favorite
    and caption is null and source_photo_id is null
    and owner_id = (select l.owner_id from app_link() l where l.allow_upload))`.execute(db);
  await sql`create policy guest_adds on album_photos for insert with check (
    link_id = (select app_link_id()) and added_by is null
    and album_id = (select l.album_id from app_link() l where l.allow_upload)
    and app_sent_photo(photo_id))`.execute(db);
  await sql`drop policy of_visible_photos on derivatives`.execute(db);
  await sql`create policy of_visible_photos on derivatives for select using (
    (select app_principal_kind()) in ('user', 'link') and exists (
      select from photos p where p.blob_hash = derivatives.blob_hash))`.execute(db);
}

/** What one may ask of a link before one is its guest, each by a hash or as that very link. */
async function doors(db: Kysely<unknown>): Promise<void> {
  const reading = sql`language sql stable security definer set search_path = public, pg_temp`;
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function find_link(p_key_hash bytea)
    returns table (id uuid, owner_id uuid, photo_id uuid, album_id uuid, has_password boolean, password_version int,
                   allow_download boolean, allow_upload boolean, show_metadata boolean, max_views int, views int,
                   expires_at timestamptz, is_closed boolean)
    ${reading} as $$
      select l.id, l.owner_id, l.photo_id, l.album_id, l.has_password, l.password_version, l.allow_download, l.allow_upload,
        l.show_metadata, l.max_views, l.views, l.expires_at, l.revoked_at is not null or u.disabled_at is not null
      from shared_links l join users u on u.id = l.owner_id where l.key_hash = p_key_hash
    $$`.execute(db);
  await sql`
    create function link_password_hash() returns text ${reading} as $$
      select l.password_hash from shared_links l join app_link() a on a.link_id = l.id
    $$`.execute(db);
  await sql`
    create function count_link_view() returns boolean ${definer} as $$
    begin
      update shared_links l set views = views + 1, last_viewed_at = now() from app_link() a
        where l.id = a.link_id and (l.max_views is null or l.views < l.max_views);
      return found;
    end $$`.execute(db);
  // Names for the head of a guest's page: the owner, and those of whom the album shows a photo; the policies of photos hold here too.
  await sql`
    create function link_people() returns table (name text) ${reading} as $$
      select coalesce(u.display_name, u.username) from app_link() l join users u on u.id = l.owner_id
        or u.id in (select ap.added_by from album_photos ap join photos p on p.id = ap.photo_id
          where ap.album_id = l.album_id and p.deleted_at is null)
      order by u.id = l.owner_id desc, 1
    $$`.execute(db);
  await sql`
    create or replace function record_blob(p_hash bytea, p_bytes bigint, p_driver text, p_derivatives jsonb) returns void ${definer} as $$
    begin
      if app_user_id() is null and not exists (select from app_link() where allow_upload) then
        raise exception 'only a user or a guest who may add photos stores bytes' using errcode = '42501';
      end if;
      insert into blobs (hash, bytes, driver) values (p_hash, p_bytes, p_driver) on conflict do nothing;
      insert into derivatives (blob_hash, variant, mime_type, bytes, width, height)
        select p_hash, d.variant, d.mime_type, d.bytes, d.width, d.height
        from jsonb_to_recordset(p_derivatives) as d(variant text, mime_type text, bytes int, width int, height int)
        on conflict (blob_hash, variant) do update set mime_type = excluded.mime_type, bytes = excluded.bytes,
          width = excluded.width, height = excluded.height;
    end $$`.execute(db);
}
