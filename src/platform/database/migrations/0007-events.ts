import { type Kysely, type RawBuilder, sql } from 'kysely';

/**
 * What changes is announced to whom it concerns: `changed:<user>:<kind>:<added|changed|removed>:<ids by commas, or *>`.
 * The names of things are not in it, so that whatever hears an announcement learns no more than that something is new.
 */
export async function events(db: Kysely<unknown>): Promise<void> {
  // An announcement holds less than 8000 bytes. Beyond fifty ids one reads anew anyway: that is told by none.
  await sql`
    create function change_announcement(p_user uuid, p_kind text, p_what text, p_ids uuid[]) returns text
    language sql immutable as $$
      select 'changed:' || p_user || ':' || p_kind || ':' || p_what || ':' ||
        case when cardinality(p_ids) <= 50 then array_to_string(p_ids, ',') else '*' end
    $$`.execute(db);
  await announcePhotos(db);
  await announceAlbums(db);
  await announceAccounts(db);
  await sql`
    create function announce_link_changes() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', change_announcement(owner_id, 'links', tg_argv[0], array_agg(id)))
        from changed group by owner_id;
      return null;
    end $$`.execute(db);
}

/** Links come after events in the order of migrations: theirs calls this once they are there. */
export async function announceLinks(db: Kysely<unknown>): Promise<void> {
  for (const [operation, what] of statements) {
    await triggerOf(db, operation, what, 'shared_links', 'announce_link_changes');
  }
}

const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
const statements = [
  ['insert', 'added'],
  ['update', 'changed'],
  ['delete', 'removed'],
] as const;

/** A trigger after each statement, whose rows its function finds in `changed`, and the word for what happened as its argument. */
async function triggerOf(
  db: Kysely<unknown>,
  operation: 'insert' | 'update' | 'delete',
  what: string,
  table: string,
  name: string,
): Promise<void> {
  const rows: RawBuilder<unknown> = operation === 'delete' ? sql`old table as changed` : sql`new table as changed`;
  await sql`create trigger ${sql.id(`announce_changes_${what}`)} after ${sql.raw(operation)} on ${sql.table(table)}
    referencing ${rows} for each statement execute function ${sql.id(name)}(${sql.lit(what)})`.execute(db);
}

/** What others see of a photo that lies in an album of theirs. */
const seen = (row: string) =>
  sql.raw(
    [
      'caption',
      'filename',
      'place',
      'taken_at',
      'taken_offset',
      'deleted_at',
      'kind',
      'style',
      'prompt',
      'latitude',
      'longitude',
      'blob_hash',
    ]
      .map((column) => `${row}.${column}`)
      .join(', '),
  );

async function announcePhotos(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function announce_photos() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', change_announcement(owner_id, 'photos', tg_argv[0], array_agg(id)))
        from changed group by owner_id;
      return null;
    end $$`.execute(db);
  await triggerOf(db, 'insert', 'added', 'photos', 'announce_photos');
  await triggerOf(db, 'delete', 'removed', 'photos', 'announce_photos');

  // Into the trash is gone and out of it is come, for whoever looks at the timeline.
  await sql`
    create function announce_photo_updates() returns trigger ${definer} as $$
    begin
      if not exists (select from new_rows) then return null; end if;
      if (select count(*) from (select from new_rows limit 51) few) <= 50 then
        perform pg_notify('tintype', change_announcement(owner_id, 'photos', what, array_agg(id)))
          from (select n.owner_id, n.id, case when (o.deleted_at is null) = (n.deleted_at is null) then 'changed'
                  when n.deleted_at is null then 'added' else 'removed' end as what
                from old_rows o join new_rows n on n.id = o.id where not o *= n) c
          group by owner_id, what;
      else
        -- Counted apart instead of joined: ten thousand rows are told of in a few milliseconds.
        perform pg_notify('tintype', change_announcement(n.owner_id, 'photos',
            case when n.live = 0 and o.live = o.photos then 'removed' when o.live = 0 and n.live = n.photos then 'added'
              else 'changed' end, null))
          from (select owner_id, count(*) as photos, count(*) filter (where deleted_at is null) as live
                from new_rows group by owner_id) n
          join (select owner_id, count(*) as photos, count(*) filter (where deleted_at is null) as live
                from old_rows group by owner_id) o on o.owner_id = n.owner_id;
      end if;
      -- Favourites, tags and the archive are the owner's own business: to others not even told as something that changed.
      perform announce_albums(array(
        select distinct ap.album_id from new_rows n join old_rows o on o.id = n.id join album_photos ap on ap.photo_id = n.id
        where (${seen('n')}) is distinct from (${seen('o')})));
      perform pg_notify('tintype', change_announcement(own.owner_id, 'albums', 'changed', array_agg(own.album_id)))
        from (select distinct n.owner_id, ap.album_id
              from new_rows n join old_rows o on o.id = n.id join album_photos ap on ap.photo_id = n.id
              where not o *= n and (${seen('n')}) is not distinct from (${seen('o')})) own
        group by own.owner_id;
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_changes_changed after update on photos referencing old table as old_rows new table as new_rows
    for each statement execute function announce_photo_updates()`.execute(db);
}

/** Of an album hear its owner and its members, whoever changed it. */
async function announceAlbums(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function announce_albums(p_albums uuid[]) returns void language plpgsql as $$
    begin
      if cardinality(p_albums) = 0 then return; end if;
      perform pg_notify('tintype', change_announcement(user_id, 'albums', 'changed', array_agg(album_id order by album_id)))
        from (select owner_id as user_id, id as album_id from albums where id = any(p_albums)
              union
              select m.user_id, a.id from albums a
                join memberships m on m.resource_kind = 'album' and m.resource_id = a.id
                where a.id = any(p_albums)) people
        group by user_id;
    end $$`.execute(db);

  await sql`
    create function announce_album_changes() returns trigger ${definer} as $$
    begin
      if tg_op = 'UPDATE' then
        perform announce_albums(array(select id from changed));
      else
        perform pg_notify('tintype', change_announcement(owner_id, 'albums', tg_argv[0], array_agg(id)))
          from changed group by owner_id;
      end if;
      return null;
    end $$`.execute(db);
  for (const [operation, what] of statements) await triggerOf(db, operation, what, 'albums', 'announce_album_changes');

  await sql`
    create function announce_album_contents() returns trigger ${definer} as $$
    begin
      perform announce_albums(array(select distinct album_id from changed));
      return null;
    end $$`.execute(db);
  for (const [operation, what] of statements) {
    await triggerOf(db, operation, what, 'album_photos', 'announce_album_contents');
  }

  // Who comes and goes hears it as an album that does, also when it is the album that went.
  await sql`
    create function announce_membership() returns trigger ${definer} as $$
    declare v_row memberships := case when tg_op = 'DELETE' then old else new end;
    begin
      if v_row.resource_kind <> 'album' then return null; end if;
      perform announce_albums(array[v_row.resource_id]);
      if tg_op <> 'UPDATE' then
        perform pg_notify('tintype',
          change_announcement(v_row.user_id, 'albums', tg_argv[0], array[v_row.resource_id]));
      end if;
      return null;
    end $$`.execute(db);
  for (const [operation, what] of statements) {
    await sql`create trigger ${sql.id(`announce_changes_${what}`)} after ${sql.raw(operation)} on memberships
      for each row execute function announce_membership(${sql.lit(what)})`.execute(db);
  }

  // A pin is one's own.
  await sql`
    create function announce_pin() returns trigger ${definer} as $$
    declare v_row album_pins := case when tg_op = 'DELETE' then old else new end;
    begin
      perform pg_notify('tintype', change_announcement(v_row.user_id, 'albums', 'changed', array[v_row.album_id]));
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_changes after insert or delete on album_pins
    for each row execute function announce_pin()`.execute(db);
}

async function announceAccounts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function announce_own_account() returns trigger ${definer} as $$
    begin
      if tg_table_name = 'users' then
        perform pg_notify('tintype', change_announcement(new.id, 'account', 'changed', null));
      else
        perform pg_notify('tintype', change_announcement(new.owner_id, 'account', 'changed', null));
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_changes after update on users for each row
    when (old.* is distinct from new.*) execute function announce_own_account()`.execute(db);
  await sql`create trigger announce_changes after update of quota_bytes, quota_photos on usage for each row
    execute function announce_own_account()`.execute(db);
  // Whoever waits for a resumable upload in another window need not ask again and again.
  await sql`
    create function announce_upload() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', change_announcement(new.owner_id, 'uploads', 'changed', array[new.id]));
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_changes after update on uploads for each row
    when (old.status is distinct from new.status) execute function announce_upload()`.execute(db);
}
