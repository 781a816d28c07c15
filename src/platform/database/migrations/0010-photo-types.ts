import { type Kysely, sql } from 'kysely';

/** What a photo is for, as its owner says, and the one that stands for them. Neither shows a photo to anybody. */
export async function photoTypes(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table photos
      add column image_type text not null default 'gallery' check (image_type in ('profile', 'gallery', 'cover')),
      add column is_primary boolean not null default false,
      add constraint photos_primary_is_live check (not is_primary or deleted_at is null)`.execute(db);
  // One for each owner, whatever their types: however many servers set one at once.
  await sql`create unique index photos_primary on photos (owner_id) where is_primary`.execute(db);
  await sql`create index photos_typed on photos (owner_id, image_type, sort_at desc, id desc)
    where deleted_at is null and image_type <> 'gallery'`.execute(db);
  await sql`drop policy guest_sends on photos`.execute(db);
  await sql`create policy guest_sends on photos for insert with check (
    link_id = (select app_link_id()) and kind = 'uploaded' and deleted_at is null and not is_favorite
    and caption is null and source_photo_id is null and image_type = 'gallery' and not is_primary
    and owner_id = (select l.owner_id from app_link() l where l.allow_upload))`.execute(db);
}
