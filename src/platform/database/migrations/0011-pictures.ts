import { type Kysely, sql } from 'kysely';

/** Pictures that people show to everybody: theirs here, logos with the organizations. */
export async function pictures(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table users
      add column profile_picture bytea references blobs,
      add column cover_picture bytea references blobs,
      add column avatar_by_email boolean not null default false,
      add column email_sha256 bytea`.execute(db);
  await sql`comment on column users.avatar_by_email is 'Whether the profile picture is found by the hash of the e-mail.'`.execute(
    db,
  );
  await sql`create index users_profile_picture on users (profile_picture) where profile_picture is not null`.execute(
    db,
  );
  await sql`create index users_cover_picture on users (cover_picture) where cover_picture is not null`.execute(db);
  await sql`create index users_avatar on users (email_sha256) where avatar_by_email`.execute(db);
  await storedPictures(db);
  await totals(db);
  await hashedEmails(db);
  await people(db);
}

/** Bytes of pictures lie under their own content address, in variants of their own: no photo's bytes are ever in one of those. */
async function storedPictures(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  const variants = sql`('picture', 'picture512', 'picture256', 'picture128', 'picture64')`;
  await sql`alter table derivatives drop constraint derivatives_variant_check, add constraint derivatives_variant_check
    check (variant in ('preview', 'medium', 'small') or variant in ${variants})`.execute(db);
  await sql`alter table stored_blobs drop constraint stored_blobs_variant_check, add constraint stored_blobs_variant_check
    check (variant in ('original', 'preview', 'medium', 'small', 'cleaned') or variant in ${variants})`.execute(db);
  await sql`alter table blobs add column has_original boolean not null default true`.execute(db);
  await sql`comment on column blobs.has_original is 'False where a public picture alone has these bytes: nothing but its variants is stored.'`.execute(
    db,
  );
  await sql`
    create function record_picture(p_hash bytea, p_bytes bigint, p_driver text, p_derivatives jsonb) returns void ${definer} as $$
    begin
      if app_user_id() is null then raise exception 'only a user stores a picture' using errcode = '42501'; end if;
      perform require_place(p_driver);
      insert into blobs (hash, bytes, driver, has_original) values (p_hash, p_bytes, p_driver, false) on conflict do nothing;
      insert into derivatives (blob_hash, variant, mime_type, bytes, width, height)
        select p_hash, d.variant, 'image/webp', d.bytes, d.width, d.height
        from jsonb_to_recordset(p_derivatives) as d(variant text, bytes int, width int, height int)
        where d.variant in ${variants} on conflict do nothing;
    end $$`.execute(db);
  await sql`
    create or replace function record_blob(p_hash bytea, p_bytes bigint, p_driver text, p_derivatives jsonb) returns void ${definer} as $$
    begin
      if app_user_id() is null and not exists (select from app_link() where allow_upload) then
        raise exception 'only a user or a guest who may add photos stores bytes' using errcode = '42501';
      end if;
      perform require_place(p_driver);
      insert into blobs as b (hash, bytes, driver) values (p_hash, p_bytes, p_driver)
        on conflict (hash) do update set has_original = true where not b.has_original;
      insert into derivatives (blob_hash, variant, mime_type, bytes, width, height)
        select p_hash, d.variant, d.mime_type, d.bytes, d.width, d.height
        from jsonb_to_recordset(p_derivatives) as d(variant text, mime_type text, bytes int, width int, height int)
        on conflict (blob_hash, variant) do update set mime_type = excluded.mime_type, bytes = excluded.bytes,
          width = excluded.width, height = excluded.height;
    end $$`.execute(db);
}

/** What is there as a picture alone is no original: its bytes are counted once, with the variants. */
async function totals(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create or replace function storage_totals()
    returns table (driver text, blobs bigint, bytes bigint, derivatives bigint, derivative_bytes bigint) ${definer} as $$
    begin
      if not (app_is_admin() or app_is_system()) then
        raise exception 'only an administrator may see all of it' using errcode = '42501';
      end if;
      return query select b.driver, count(*) filter (where b.has_original),
          coalesce(sum(b.bytes) filter (where b.has_original), 0)::bigint, coalesce(sum(d.n), 0)::bigint, coalesce(sum(d.bytes), 0)::bigint
        from blobs b left join (select blob_hash, count(*) as n, sum(derivatives.bytes) as bytes from derivatives group by 1) d
          on d.blob_hash = b.hash
        group by 1;
    end $$`.execute(db);
}

/** The hash that clients of Gravatar and Libravatar ask by. Kept by a trigger: what an encoding does is not immutable, so no index can. */
async function hashedEmails(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function hash_email() returns trigger language plpgsql as $$
    begin
      new.email_sha256 := sha256(convert_to(lower(btrim(new.email)), 'UTF8'));
      return new;
    end $$`.execute(db);
  await sql`create trigger hash_email before insert or update of email on users
    for each row execute function hash_email()`.execute(db);
  // A migration names no principal, and policies bind the owner where it is no superuser: owner_all lets it through.
  await sql`update users set email = email where email is not null`.execute(db);
}

/** How a picture is named wherever somebody is presented, and that servers hear of another one. */
async function people(db: Kysely<unknown>): Promise<void> {
  const reading = sql`language sql stable security definer set search_path = public, pg_temp`;
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function picture_version(p_hash bytea) returns text language sql immutable parallel safe as $$
      select encode(substring(p_hash from 1 for 8), 'hex')
    $$`.execute(db);
  await sql`drop function album_people(uuid)`.execute(db);
  await sql`
    create function album_people(p_album uuid)
    returns table (user_id uuid, username text, display_name text, picture text, role text, joined_at timestamptz)
    ${reading} as $$
      select u.id, u.username, u.display_name, picture_version(u.profile_picture), p.role, p.joined_at
      from (select a.owner_id as user_id, 'owner' as role, a.created_at as joined_at from albums a
              where a.id = p_album and app_sees_album(a.id)
            union all
            select m.user_id, m.role, m.created_at from memberships m join albums a on a.id = m.resource_id
              where m.resource_kind = 'album' and a.id = p_album and app_sees_album(a.id)) p
        join users u on u.id = p.user_id
      order by p.role = 'owner' desc, p.joined_at, u.id
    $$`.execute(db);
  await sql`
    create function announce_picture() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', 'picture:' || old.id);
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_picture after update of profile_picture, cover_picture on users
    for each row execute function announce_picture()`.execute(db);
}
