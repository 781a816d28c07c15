import { type Kysely, sql } from 'kysely';

/** What a picture was made with, and how it came to be. */
export async function madePhotos(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table photos
      add column recipe jsonb check (jsonb_typeof(recipe) = 'object' and pg_column_size(recipe) <= 65536),
      add column digital_source text check (digital_source ~ '^[A-Za-z]{1,60}$')`.execute(db);
  await sql`comment on column photos.recipe is
    'What a picture was made with, as the studio, a style or the file itself tells; its prompt is a column of its own.'`.execute(
    db,
  );
  await sql`comment on column photos.digital_source is
    'The last part of its IPTC digital source type, where it is known: trainedAlgorithmicMedia, algorithmicMedia, …'`.execute(
    db,
  );
  await sql`drop policy guest_sends on photos`.execute(db);
  await sql`create policy guest_sends on photos for insert with check (
    link_id = (select app_link_id()) and kind = 'uploaded' and deleted_at is null and not is_favorite
    and caption is null and source_photo_id is null and image_type = 'gallery' and not is_primary and style is null
    and owner_id = (select l.owner_id from app_link() l where l.allow_upload))`.execute(db);
}
