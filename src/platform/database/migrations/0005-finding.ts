import { type Kysely, type RawBuilder, sql } from 'kysely';
import { MigrationError } from '../migration-error.ts';
import { protect } from './protect.ts';
import { textFunctions } from './search-text.ts';

type Db = Kysely<unknown>;

/** Tags, places, the archive, and the index that everything is found by. */
export async function finding(db: Db): Promise<void> {
  await extensions(db);
  await columns(db);
  await textFunctions(db);
  await tables(db);
  await tagFunctions(db);
  await countWithoutArchive(db);
  await indexing(db);
  await backfill(db);
}

/** Both are trusted extensions: whoever may create in the database may create them. */
async function extensions(db: Db): Promise<void> {
  for (const name of ['pg_trgm', 'unaccent']) {
    const { rows } = await sql<{ schema: string }>`
      select extnamespace::regnamespace::text as schema from pg_extension where extname = ${name}`.execute(db);
    const schema = rows[0]?.schema;
    if (schema && schema !== 'public') {
      throw new MigrationError(
        `The extension ${name} is in the schema ${schema}, where searching does not look. Have an administrator of PostgreSQL run this in the database, then start again: alter extension ${name} set schema public;`,
      );
    }
    if (schema) continue;
    try {
      await sql`create extension ${sql.id(name)} with schema public`.execute(db);
    } catch (cause) {
      throw new MigrationError(
        (cause as { code?: string }).code === '42501'
          ? `The owner of the database may not create the extension ${name}, which searching needs. Have an administrator of PostgreSQL run this in the database, then start again: create extension pg_trgm; create extension unaccent;`
          : `PostgreSQL cannot create the extension ${name}, which searching needs. Install its package of additional modules (postgresql-contrib), then start again.`,
        { cause },
      );
    }
  }
}

async function columns(db: Db): Promise<void> {
  await sql`
    alter table photos
      add tags text[] not null default '{}' check (cardinality(tags) <= 100),
      add place text check (length(place) between 1 and 410),
      add is_archived boolean not null default false,
      add style text,
      add prompt text,
      add camera text generated always as (
        case when starts_with(lower(camera_model), lower(camera_make)) then camera_model
             else coalesce(camera_make || ' ' || camera_model, camera_model, camera_make) end) stored`.execute(db);
  await sql`comment on column photos.camera is 'Make and model as they are shown: many a model begins with its make.'`.execute(
    db,
  );
  await sql`drop index photos_timeline`.execute(db);
  await sql`create index photos_timeline on photos (owner_id, sort_at desc, id desc)
    where deleted_at is null and not is_archived`.execute(db);
  await sql`create index photos_archived on photos (owner_id, sort_at desc, id desc)
    where deleted_at is null and is_archived`.execute(db);
}

async function tables(db: Db): Promise<void> {
  await sql`
    create table photo_search (
      photo_id uuid primary key,
      owner_id uuid not null,
      sort_at timestamp not null,
      is_archived boolean not null,
      words tsvector not null
    )`.execute(db);
  await sql`create index photo_search_words on photo_search using gin (words)`.execute(db);
  await sql`create index photo_search_time on photo_search (owner_id, sort_at desc, photo_id desc)`.execute(db);
  await sql`comment on table photo_search is
    'What is searched through: a row for each photo that is not in the trash, kept by triggers. Each lexeme begins with its owner''s mark.'`.execute(
    db,
  );
  await sql`
    create table search_words (
      owner_id uuid not null references users on delete cascade,
      kind text not null check (kind in ('word', 'tag', 'camera', 'place', 'style')),
      word text collate "C" not null,
      label text,
      primary key (owner_id, kind, word)
    )`.execute(db);
  await sql`comment on table search_words is
    'The words, tags, cameras, places and styles there are: for parts of words, for what is suggested, for what may have been meant.'`.execute(
    db,
  );
  for (const table of ['photo_search', 'search_words']) await protect(db, table, { ownerSeesAll: true });
  const mine = sql`owner_id = (select app_user_id())`;
  await sql`create policy own on search_words for select using (${mine})`.execute(db);
  await sql`
    create function app_search() returns tsquery language sql stable as $$
      select nullif(current_setting('app.search', true), '')::tsquery
    $$`.execute(db);
  // What a policy says comes before whatever a query asks, and @@ is not leakproof: asked by the query it would have to look
  // at every row of the owner. Said by the policy, it goes by the index; who searches for nothing sees nothing.
  // The subselect has a query of many words read once, not once for each row that is looked at.
  // A query says it again where no policy is in force alone: to compare the words of a photo twice takes twice as long.
  const isFound = sql`((select row_security_active('photo_search')) or words @@ (select app_search()))`;
  // A function that says it and looks in one step, for conditions on photos.
  await sql`
    create function search_photos(p_owner uuid, p_query text, p_from timestamp, p_to timestamp) returns setof uuid
    language plpgsql as $$
    begin
      perform set_config('app.search', p_query, true);
      return query select photo_id from photo_search where owner_id = p_owner and ${isFound}
        and (p_from is null or sort_at >= p_from) and (p_to is null or sort_at < p_to);
    end $$`.execute(db);
  await sql`
    create function count_searches(p_owner uuid, p_queries text[]) returns int[] language plpgsql as $$
    declare v_query text; v_count int; v_counts int[] := '{}';
    begin
      foreach v_query in array p_queries loop
        perform set_config('app.search', v_query, true);
        select count(*) into v_count from photo_search where owner_id = p_owner and ${isFound};
        v_counts := v_counts || v_count;
      end loop;
      return v_counts;
    end $$`.execute(db);
  await sql`create policy found on photo_search for select using (${mine} and words @@ (select app_search()))`.execute(
    db,
  );
}

/** What a change of tags leaves: each once, whatever its case, as it was written first. */
async function tagFunctions(db: Db): Promise<void> {
  await sql`
    create function change_tags(p_tags text[], p_add text[], p_remove text[]) returns text[] language sql stable as $$
      select array(select tag from (
        select distinct on (exact_key(tag)) tag, n from unnest(p_tags || p_add) with ordinality t(tag, n)
        where exact_key(tag) <> all (array(select exact_key(r) from unnest(p_remove) r))
        order by exact_key(tag), n) kept order by n)
    $$`.execute(db);
}

const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;

/** The timeline leaves out what is archived, and so do its counters; `usage` does not. Nothing was archived before this. */
async function countWithoutArchive(db: Db): Promise<void> {
  const shown = sql`deleted_at is null and not is_archived`;
  await sql`
    create or replace function count_photos() returns trigger ${definer} as $$
    begin
      if tg_op = 'INSERT' then
        insert into usage as u (owner_id, photos, bytes)
          select owner_id, count(*), sum(bytes) from new_rows group by owner_id order by owner_id
          on conflict (owner_id) do update set photos = u.photos + excluded.photos, bytes = u.bytes + excluded.bytes;
        insert into timeline_months as m (owner_id, month, photos, favorites, made)
          select owner_id, date_trunc('month', sort_at)::date, count(*), count(*) filter (where is_favorite),
                 count(*) filter (where kind <> 'uploaded')
          from new_rows where ${shown} group by 1, 2 order by 1, 2
          on conflict (owner_id, month) do update set photos = m.photos + excluded.photos,
            favorites = m.favorites + excluded.favorites, made = m.made + excluded.made;
      elsif tg_op = 'DELETE' then
        update usage u set photos = u.photos - d.n, bytes = u.bytes - d.b
          from (select owner_id, count(*) n, sum(bytes) b from old_rows group by 1) d where u.owner_id = d.owner_id;
        update timeline_months m set photos = m.photos - d.n, favorites = m.favorites - d.f, made = m.made - d.g
          from (select owner_id, date_trunc('month', sort_at)::date as month, count(*) n, count(*) filter (where is_favorite) f,
                       count(*) filter (where kind <> 'uploaded') g
                from old_rows where ${shown} group by 1, 2) d
          where m.owner_id = d.owner_id and m.month = d.month;
      else
        insert into timeline_months as m (owner_id, month, photos, favorites, made)
          select owner_id, month, sum(n), sum(f), sum(g) from (
            select owner_id, date_trunc('month', sort_at)::date as month, 1 n, is_favorite::int f, (kind <> 'uploaded')::int g
              from new_rows where ${shown}
            union all
            select owner_id, date_trunc('month', sort_at)::date, -1, -(is_favorite::int), -((kind <> 'uploaded')::int)
              from old_rows where ${shown}) changes
          group by 1, 2 having sum(n) <> 0 or sum(f) <> 0 or sum(g) <> 0 order by 1, 2
          on conflict (owner_id, month) do update set photos = m.photos + excluded.photos,
            favorites = m.favorites + excluded.favorites, made = m.made + excluded.made;
      end if;
      return null;
    end $$`.execute(db);
}

const albumsOf = (photo: RawBuilder<unknown>) => sql`
  array(select search_mark(ap.album_owner_id) || album_lexeme(ap.album_id) from album_photos ap
        where ap.photo_id = ${photo}.id and ap.album_owner_id = ${photo}.owner_id)`;

/** A row of `photo_search` for each row of a source, and the words and values that were not known yet. */
const index = (source: RawBuilder<unknown>) => sql`
  with indexed as (
    insert into photo_search (photo_id, owner_id, sort_at, is_archived, words)
      select n.id, n.owner_id, n.sort_at, n.is_archived,
        photo_words(n.owner_id, n.caption, n.filename, n.tags, n.camera, n.place, n.style, n.prompt, n.kind, n.mime_type,
          ${albumsOf(sql`n`)})
      from ${source} n
      on conflict (photo_id) do update set sort_at = excluded.sort_at, is_archived = excluded.is_archived, words = excluded.words
      returning owner_id, words)
  insert into search_words (owner_id, kind, word, label)
    select distinct on (1, 2, 3) owner_id, kind, word, label from (
      select i.owner_id, 'word' as kind, substr(u.lexeme, 7) as word, null as label
        from indexed i, unnest(i.words) u
        where substr(u.lexeme, 7) !~ '[0-9#=@]' and not search_unspaced(u.lexeme)
      union all
      select n.owner_id, v.kind, exact_key(v.label), v.label from ${source} n, lateral (
        select 'tag' as kind, tag as label from unnest(n.tags) tag
        union all values ('camera', n.camera), ('place', n.place), ('style', n.style)) v
      where v.label is not null) known
    order by 1, 2, 3
    on conflict do nothing`;

async function indexing(db: Db): Promise<void> {
  const texts = (row: string) =>
    sql.raw(
      ['caption', 'filename', 'tags', 'camera', 'place', 'style', 'prompt', 'kind']
        .map((c) => `${row}.${c}`)
        .join(', '),
    );
  const changed = sql`(
    select n.* from new_rows n join old_rows o on o.id = n.id
    where n.deleted_at is null and (o.deleted_at is not null or (${texts('n')}) is distinct from (${texts('o')})))`;
  const added = sql`(select * from new_rows where deleted_at is null)`;
  await sql`
    create function index_photos() returns trigger ${definer} as $$
    begin
      if tg_op = 'INSERT' then
        ${index(added)};
      elsif tg_op = 'DELETE' then
        delete from photo_search s using old_rows o where s.photo_id = o.id;
      else
        delete from photo_search s using new_rows n where s.photo_id = n.id and n.deleted_at is not null;
        update photo_search s set sort_at = n.sort_at, is_archived = n.is_archived
          from new_rows n where s.photo_id = n.id and (s.sort_at, s.is_archived) is distinct from (n.sort_at, n.is_archived);
        ${index(changed)};
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger index_inserted after insert on photos referencing new table as new_rows
    for each statement execute function index_photos()`.execute(db);
  await sql`create trigger index_deleted after delete on photos referencing old table as old_rows
    for each statement execute function index_photos()`.execute(db);
  await sql`create trigger index_updated after update on photos referencing old table as old_rows new table as new_rows
    for each statement execute function index_photos()`.execute(db);

  // A photo is found by the name of an own album: its lexemes name the album, so that another name needs no new ones.
  await sql`
    create function index_album_photos() returns trigger ${definer} as $$
    begin
      if tg_op = 'INSERT' then
        update photo_search s set words = s.words || array_to_tsvector(n.lexemes)
          from (select photo_id, album_owner_id, array_agg(search_mark(album_owner_id) || album_lexeme(album_id)) as lexemes
                from new_rows group by 1, 2) n
          where s.photo_id = n.photo_id and s.owner_id = n.album_owner_id;
      else
        -- Of an album that is gone nobody will ask again.
        update photo_search s set words = ts_delete(s.words, o.lexemes)
          from (select photo_id, album_owner_id, array_agg(search_mark(album_owner_id) || album_lexeme(album_id)) as lexemes
                from old_rows r where exists (select from albums a where a.id = r.album_id) group by 1, 2) o
          where s.photo_id = o.photo_id and s.owner_id = o.album_owner_id;
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger index_inserted after insert on album_photos referencing new table as new_rows
    for each statement execute function index_album_photos()`.execute(db);
  await sql`create trigger index_deleted after delete on album_photos referencing old table as old_rows
    for each statement execute function index_album_photos()`.execute(db);

  // Whoever calls it learns nothing and takes away nothing that is in use.
  await sql`
    create function sweep_search_words() returns void ${definer} as $$
    begin
      -- All lexemes are read once: asking for each word apart takes the product of both.
      with used as materialized (
        select distinct s.owner_id, substr(u.lexeme, 7) as lexeme from photo_search s, unnest(s.words) u)
      delete from search_words w where not exists (
        select from used u where u.owner_id = w.owner_id and u.lexeme = exact_lexeme(w.kind, w.word));
    end $$`.execute(db);
}

async function backfill(db: Db): Promise<void> {
  // The owner is bound by the policies of photos, where it is no superuser.
  await sql`select set_config('app.principal', 'system', true)`.execute(db);
  await index(sql`(select * from photos where deleted_at is null)`).execute(db);
  await sql`select set_config('app.principal', '', true)`.execute(db);
  await sql`analyze photos, photo_search, search_words`.execute(db);
}
