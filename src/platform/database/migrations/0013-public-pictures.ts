import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Copies of pictures in a bucket that everybody may read. The library's own store keeps the pictures themselves. */
export async function publicPictures(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  const reading = sql`language sql stable security definer set search_path = public, pg_temp`;
  await sql`
    create table published_pictures (
      place text not null,
      blob_hash bytea not null check (length(blob_hash) = 32),
      variant text not null check (variant in ('picture', 'picture512', 'picture256', 'picture128', 'picture64')),
      sha256 bytea not null check (length(sha256) = 32),
      bytes integer not null check (bytes >= 0),
      unused_since timestamptz,
      primary key (place, blob_hash, variant)
    )`.execute(db);
  await sql`comment on table published_pictures is
    'Which files of public pictures lie in a public bucket, under the sha256 of their own bytes; rows outlive the picture until its copies are gone'`.execute(
    db,
  );
  await sql`comment on column published_pictures.place is 'Server, bucket and folder'`.execute(db);
  await sql`comment on column published_pictures.unused_since is 'When it was first seen that nobody shows the picture any more'`.execute(
    db,
  );
  await sql`create index published_pictures_sha256 on published_pictures (place, sha256)`.execute(db);
  await protect(db, 'published_pictures', { ownerSeesAll: true });
  await sql`create policy system on published_pictures using ((select app_is_system())) with check ((select app_is_system()))`.execute(
    db,
  );
  await sql`create policy admin_reads on published_pictures for select using ((select app_is_admin()))`.execute(db);
  await sql`
    create function record_published(p_place text, p_hash bytea, p_files jsonb) returns void ${definer} as $$
    begin
      if app_user_id() is null and not app_is_system() then
        raise exception 'only a user publishes a picture' using errcode = '42501';
      end if;
      insert into published_pictures as p (place, blob_hash, variant, sha256, bytes)
        select p_place, p_hash, f.variant, decode(f.sha256, 'hex'), f.bytes
        from jsonb_to_recordset(p_files) as f(variant text, sha256 text, bytes int)
        on conflict (place, blob_hash, variant) do update
          set sha256 = excluded.sha256, bytes = excluded.bytes, unused_since = null;
    end $$`.execute(db);
  // Whoever asks: what is there is read by everybody.
  await sql`
    create function find_published(p_place text, p_hash bytea) returns table (variant text, sha256 text) ${reading} as $$
      select p.variant, encode(p.sha256, 'hex') from published_pictures p where p.place = p_place and p.blob_hash = p_hash
    $$`.execute(db);
  await shownPictures(db);
  // Servers remember where a picture is read.
  await sql`
    create function announce_published() returns trigger language plpgsql as $$
    begin
      perform pg_notify('tintype', 'published:' || encode(coalesce(new.blob_hash, old.blob_hash), 'hex'));
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_published after insert or delete or update of sha256 on published_pictures
    for each row execute function announce_published()`.execute(db);
}

/** What is to be in the public bucket: of somebody who is disabled nothing is shown, so nothing is there. */
async function shownPictures(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function shown_pictures() returns table (hash bytea)
    language plpgsql stable security definer set search_path = public, pg_temp as $$
    begin
      if not (app_is_system() or app_is_admin()) then
        raise exception 'only the system sees all pictures' using errcode = '42501';
      end if;
      return query
        select u.profile_picture from users u where u.profile_picture is not null and u.disabled_at is null
        union select u.cover_picture from users u where u.cover_picture is not null and u.disabled_at is null
        union select o.logo from organizations o where o.logo is not null;
    end $$`.execute(db);
  // The same of one, by the indexes.
  await sql`
    create function is_public_picture(p_hash bytea) returns boolean
    language plpgsql stable security definer set search_path = public, pg_temp as $$
    begin
      if not app_is_system() then raise exception 'only the system sees all pictures' using errcode = '42501'; end if;
      return exists (select from users u where u.profile_picture = p_hash and u.disabled_at is null)
        or exists (select from users u where u.cover_picture = p_hash and u.disabled_at is null)
        or exists (select from organizations o where o.logo = p_hash);
    end $$`.execute(db);
  await sql`
    create function unpublished_pictures(p_place text) returns table (hash bytea)
    language plpgsql stable security definer set search_path = public, pg_temp as $$
    begin
      return query
        select s.hash from shown_pictures() s where exists (
          select from derivatives d where d.blob_hash = s.hash and d.variant like 'picture%' and not exists (
            select from published_pictures p where p.place = p_place and p.blob_hash = d.blob_hash and p.variant = d.variant));
    end $$`.execute(db);
  await sql`
    create function published_totals(p_place text) returns table (files bigint, bytes bigint, missing bigint, elsewhere bigint)
    language plpgsql stable security definer set search_path = public, pg_temp as $$
    begin
      return query
        select count(*), coalesce(sum(f.bytes), 0)::bigint, (select count(*) from unpublished_pictures(p_place)),
          (select count(*) from published_pictures p where p.place is distinct from p_place)
        from (select distinct p.sha256, p.bytes from published_pictures p where p.place = p_place) f;
    end $$`.execute(db);
}
