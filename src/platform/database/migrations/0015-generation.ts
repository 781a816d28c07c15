import { type Kysely, type RawBuilder, sql } from 'kysely';
import { protect } from './protect.ts';

const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;

/** Columns of steps and alternatives that are for the servers alone. */
const unseen = sql`array['lease', 'leased_until', 'due_at', 'tries', 'ticket', 'forgotten_at', 'tried_since', 'last_attempt_at']`;

/** The studio: threads of steps, the pictures of each, and what they are made with. */
export async function generation(db: Kysely<unknown>): Promise<void> {
  await threads(db);
  await leftovers(db);
  await belongings(db);
  await policies(db);
  await announcements(db);
  await leaving(db);
  await queue(db);
}

async function threads(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table generation_sessions (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      entry_type text not null check (entry_type in ('scratch', 'refinement')),
      source_photo_id uuid,
      status text not null default 'active' check (status in ('active', 'completed', 'abandoned')),
      started_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      completed_at timestamptz,
      unique (owner_id, id),
      foreign key (owner_id, source_photo_id) references photos (owner_id, id) on delete set null (source_photo_id)
    )`.execute(db);
  await sql`create index generation_sessions_latest on generation_sessions (owner_id, changed_at desc, id desc)`.execute(
    db,
  );
  await sql`
    create table generation_steps (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      session_id uuid not null,
      position integer not null check (position > 0),
      parent_id uuid,
      source_photo_id uuid,
      prompt text not null check (length(prompt) between 1 and 4000),
      negative_prompt text check (length(negative_prompt) between 1 and 4000),
      parameters jsonb not null check (jsonb_typeof(parameters) = 'object'),
      model_key text not null,
      model_hash text not null,
      model_name text not null,
      model_base text not null,
      backend text not null,
      batch_id uuid not null unique,
      correlation_id text not null check (length(correlation_id) between 1 and 100),
      status text not null default 'pending' check (status in ('pending', 'processing', 'completed', 'failed')),
      error_code text,
      error_message text,
      selected_image_id uuid,
      ticket jsonb,
      tries integer not null default 0,
      due_at timestamptz not null default now(),
      lease uuid,
      leased_until timestamptz,
      created_at timestamptz not null default now(),
      started_at timestamptz,
      finished_at timestamptz,
      unique (owner_id, id),
      unique (session_id, position),
      foreign key (owner_id, session_id) references generation_sessions (owner_id, id) on delete cascade,
      foreign key (owner_id, parent_id) references generation_steps (owner_id, id) on delete set null (parent_id),
      foreign key (owner_id, source_photo_id) references photos (owner_id, id) on delete set null (source_photo_id)
    )`.execute(db);
  await sql`comment on column generation_steps.ticket is 'What the backend finds the batch again by'`.execute(db);
  await sql`comment on column generation_steps.leased_until is
    'Until then a server is at it, unless it says so again; whoever is killed loses it by itself'`.execute(db);
  await sql`create index generation_steps_owner on generation_steps (owner_id, backend, started_at desc)`.execute(db);
  await sql`create index generation_steps_parent on generation_steps (owner_id, parent_id) where parent_id is not null`.execute(
    db,
  );
  await sql`create index generation_steps_source on generation_steps (owner_id, source_photo_id)
    where source_photo_id is not null`.execute(db);
  await sql`create index generation_steps_due on generation_steps (backend, due_at)
    where status in ('pending', 'processing')`.execute(db);
  await sql`create index generation_steps_made on generation_steps (backend, model_key, finished_at desc)
    where status = 'completed'`.execute(db);
  await sql`
    create table step_alternatives (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      step_id uuid not null,
      n smallint not null check (n >= 0),
      seed bigint not null check (seed between 0 and 4294967295),
      retrieval_status text not null default 'pending'
        check (retrieval_status in ('pending', 'processing', 'completed', 'failed')),
      image text,
      attempts smallint not null default 0,
      last_attempt_at timestamptz,
      tried_since timestamptz,
      due_at timestamptz,
      lease uuid,
      leased_until timestamptz,
      error_code text,
      error_message text,
      cancelled_at timestamptz,
      settled_at timestamptz,
      forgotten_at timestamptz,
      created_at timestamptz not null default now(),
      unique (step_id, n),
      foreign key (owner_id, step_id) references generation_steps (owner_id, id) on delete cascade
    )`.execute(db);
  await sql`comment on table step_alternatives is
    'A picture that is asked for; its id is that of the photo it becomes, of which there is no row before there are bytes.'`.execute(
    db,
  );
  await sql`comment on column step_alternatives.image is 'What the backend calls it, once it is made'`.execute(db);
  await sql`comment on column step_alternatives.settled_at is 'Since when nothing more happens to it by itself'`.execute(
    db,
  );
  await sql`create index step_alternatives_step on step_alternatives (owner_id, step_id, n)`.execute(db);
  await sql`create index step_alternatives_due on step_alternatives (due_at) where due_at is not null`.execute(db);
  // Worth nothing after a crash, and written several times a second.
  await sql`
    create unlogged table alternative_progress (
      alternative_id uuid primary key references step_alternatives on delete cascade,
      owner_id uuid not null references users on delete cascade,
      done real not null check (done between 0 and 1),
      step integer,
      of integer,
      preview bytea check (length(preview) <= 262144),
      changed_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index alternative_progress_owner on alternative_progress (owner_id)`.execute(db);
}

/** What lies where it was made and nobody waits for. It outlives steps, sessions and accounts, and so holds nothing that is anybody's. */
async function leftovers(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table generation_leftovers (
      id uuid primary key default gen_random_uuid(),
      backend text not null,
      image text,
      batch_id uuid unique,
      ticket jsonb,
      due_at timestamptz not null default now(),
      tries integer not null default 0,
      created_at timestamptz not null default now(),
      unique (backend, image),
      check ((image is null) <> (batch_id is null))
    )`.execute(db);
  await sql`comment on table generation_leftovers is
    'Pictures that are to be deleted where they were made, and batches that are to be ended there with all that came of them'`.execute(
    db,
  );
  await sql`create index generation_leftovers_due on generation_leftovers (due_at)`.execute(db);
}

async function belongings(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table models (
      backend text not null,
      key text not null check (length(key) between 1 and 200),
      hash text not null,
      name text not null,
      type text not null,
      base text not null,
      description text,
      compatible_vae jsonb not null,
      defaults jsonb not null,
      limits jsonb not null,
      primary key (backend, key)
    )`.execute(db);
  await sql`
    create table model_lists (
      backend text primary key,
      listed_at timestamptz,
      seen_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table model_favorites (
      owner_id uuid not null references users on delete cascade,
      model_key text not null check (length(model_key) between 1 and 200),
      primary key (owner_id, model_key)
    )`.execute(db);
  await sql`
    create table prompt_templates (
      id uuid primary key,
      owner_id uuid not null references users on delete cascade,
      name text not null check (length(name) between 1 and 100),
      description text check (length(description) <= 500),
      prompt_text text not null check (length(prompt_text) between 1 and 4000),
      negative_prompt text check (length(negative_prompt) between 1 and 4000),
      category text check (length(category) between 1 and 50),
      is_favorite boolean not null default false,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
  await sql`create index prompt_templates_owner on prompt_templates (owner_id, is_favorite desc, updated_at desc, id)`.execute(
    db,
  );
  await sql`
    create table generation_settings (
      owner_id uuid primary key references users on delete cascade,
      settings jsonb not null check (jsonb_typeof(settings) = 'object')
    )`.execute(db);
}

async function policies(db: Kysely<unknown>): Promise<void> {
  const mine = sql`owner_id = (select app_user_id())`;
  const own = async (table: string, options: { ownerSeesAll?: boolean } = {}): Promise<void> => {
    await protect(db, table, options);
    await sql`create policy own on ${sql.table(table)} using (${mine}) with check (${mine})`.execute(db);
    // A backup is the system, and takes everybody's along.
    await sql`create policy system on ${sql.table(table)} using ((select app_is_system()))`.execute(db);
  };
  for (const table of ['generation_sessions', 'generation_steps', 'step_alternatives']) {
    await own(table, { ownerSeesAll: true });
  }
  for (const table of ['alternative_progress', 'model_favorites', 'prompt_templates', 'generation_settings']) {
    await own(table);
  }
  // Triggers leave it behind; the work itself is nobody's.
  await protect(db, 'generation_leftovers', { ownerSeesAll: true });
  await sql`create policy system on generation_leftovers using ((select app_is_system()))`.execute(db);
  // What can be made with what is everybody's to see who has an account here, and the system's to say.
  for (const table of ['models', 'model_lists']) {
    await protect(db, table);
    await sql`create policy seen on ${sql.table(table)} for select using ((select app_principal_kind()) = 'user')`.execute(
      db,
    );
    await sql`create policy system on ${sql.table(table)} using ((select app_is_system()))`.execute(db);
  }
}

async function announcements(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function announce_generation() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', change_announcement(owner_id, 'generation', 'changed', array_agg(distinct step)))
        from (select (to_jsonb(c)->>'owner_id')::uuid as owner_id,
                (to_jsonb(c)->>case tg_table_name when 'step_alternatives' then 'step_id' else 'id' end)::uuid as step
              from changed c) steps
        group by owner_id;
      return null;
    end $$`.execute(db);
  await sql`
    create function announce_sessions() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', change_announcement(owner_id, 'sessions', tg_argv[0], array_agg(id)))
        from changed group by owner_id;
      return null;
    end $$`.execute(db);
  // Of a lease that is renewed, or of what is done about it over there, nobody sees anything.
  await sql`
    create function announce_generation_change() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', change_announcement(owner_id, 'generation', 'changed', array_agg(distinct step)))
        from (select (to_jsonb(c)->>'owner_id')::uuid as owner_id,
                (to_jsonb(c)->>case tg_table_name when 'step_alternatives' then 'step_id' else 'id' end)::uuid as step
              from changed c join before b on b.id = c.id
              where to_jsonb(c) - ${unseen} is distinct from to_jsonb(b) - ${unseen}) steps
        group by owner_id;
      return null;
    end $$`.execute(db);
  const after = async (table: string, operation: 'insert' | 'update' | 'delete', call: RawBuilder<unknown>) => {
    const rows = operation === 'delete' ? sql`old table as changed` : sql`new table as changed`;
    await sql`create trigger ${sql.id(`announce_${operation}`)} after ${sql.raw(operation)} on ${sql.table(table)}
      referencing ${rows} for each statement execute function ${call}`.execute(db);
  };
  for (const table of ['generation_steps', 'step_alternatives']) {
    await after(table, 'insert', sql`announce_generation()`);
    await sql`create trigger announce_update after update on ${sql.table(table)}
      referencing old table as before new table as changed
      for each statement execute function announce_generation_change()`.execute(db);
  }
  await after('generation_sessions', 'insert', sql`announce_sessions('added')`);
  await after('generation_sessions', 'update', sql`announce_sessions('changed')`);
  await after('generation_sessions', 'delete', sql`announce_sessions('removed')`);

  // Whoever makes pictures hears of work, and of what is not wanted any more.
  await sql`
    create function announce_work() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', 'studio:' || new.id);
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_work after insert on generation_steps
    for each row execute function announce_work()`.execute(db);
  await sql`
    create function announce_cancelled() returns trigger ${definer} as $$
    begin
      perform pg_notify('tintype', 'studio:' || new.step_id);
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_cancelled after update of cancelled_at, due_at on step_alternatives for each row
    when (new.cancelled_at is distinct from old.cancelled_at or new.due_at is distinct from old.due_at)
    execute function announce_cancelled()`.execute(db);
}

async function leaving(db: Kysely<unknown>): Promise<void> {
  // How far a picture is, and how it looks by then, is worth nothing once nothing more happens to it.
  await sql`
    create function drop_progress() returns trigger language plpgsql as $$
    begin
      delete from alternative_progress where alternative_id = new.id;
      return null;
    end $$`.execute(db);
  await sql`create trigger drop_progress after update of settled_at on step_alternatives for each row
    when (new.settled_at is not null and old.settled_at is null) execute function drop_progress()`.execute(db);

  // A step that was begun and has pictures that are not known of may have them made all the same, for nobody; and where one starts from
  // a picture, that was sent there. Whoever is at it by now is given the time to notice: what is handed in after a batch was ended
  // would be made.
  await sql`
    create function leave_batch() returns trigger ${definer} as $$
    begin
      if old.parameters->'strength' is not null or exists (
           select from step_alternatives a
           where a.step_id = old.id and a.image is null and a.retrieval_status <> 'completed') then
        insert into generation_leftovers (backend, batch_id, ticket, due_at)
          values (old.backend, old.batch_id, old.ticket, greatest(now(), old.leased_until))
          on conflict (batch_id) do update set ticket = excluded.ticket, due_at = excluded.due_at, tries = 0, created_at = now();
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger leave_batch after update of status on generation_steps for each row
    when (old.status in ('pending', 'processing') and new.status in ('completed', 'failed') and new.started_at is not null)
    execute function leave_batch()`.execute(db);

  // Whatever deletes them, an account that goes as well.
  await sql`
    create function leave_step() returns trigger ${definer} as $$
    begin
      insert into generation_leftovers (backend, image)
        select old.backend, a.image from step_alternatives a
        where a.step_id = old.id and a.image is not null and a.forgotten_at is null
        on conflict do nothing;
      if old.status in ('pending', 'processing') and old.started_at is not null then
        insert into generation_leftovers (backend, batch_id, ticket, due_at)
          values (old.backend, old.batch_id, old.ticket, greatest(now(), old.leased_until)) on conflict do nothing;
      end if;
      return old;
    end $$`.execute(db);
  await sql`create trigger leave_step before delete on generation_steps
    for each row execute function leave_step()`.execute(db);
  await sql`
    create function leave_image() returns trigger ${definer} as $$
    begin
      insert into generation_leftovers (backend, image)
        select s.backend, old.image from generation_steps s where s.id = old.step_id
        on conflict do nothing;
      return old;
    end $$`.execute(db);
  await sql`create trigger leave_image before delete on step_alternatives for each row
    when (old.image is not null and old.forgotten_at is null) execute function leave_image()`.execute(db);
}

async function queue(db: Kysely<unknown>): Promise<void> {
  // Turns as `claim-work.ts` gives them: of each person the oldest first, then of each the second. Others are told as a number alone.
  await sql`
    create function steps_ahead(p_step uuid) returns table (steps integer, pictures integer) ${definer} as $$
    begin
      if not exists (select from generation_steps m where m.id = p_step and m.owner_id = app_user_id()) then return; end if;
      return query
        with waiting as (
          select s.id, s.owner_id, s.backend, s.created_at, s.status,
            row_number() over (partition by s.owner_id, s.status order by s.created_at, s.id) as turn,
            (select max(x.started_at) from generation_steps x where x.owner_id = s.owner_id and x.backend = s.backend) as served,
            (select count(*) from step_alternatives a where a.step_id = s.id and a.settled_at is null and a.image is null) as open
          from generation_steps s
          where s.status in ('pending', 'processing')
            and s.backend = (select m.backend from generation_steps m where m.id = p_step)),
        mine as (select * from waiting where id = p_step)
        select count(*)::int, coalesce(sum(w.open), 0)::int from waiting w, mine
        where mine.status = 'pending' and w.id <> mine.id and (w.status = 'processing'
          or (w.turn, coalesce(w.served, '-infinity'), w.created_at, w.id)
            < (mine.turn, coalesce(mine.served, '-infinity'), mine.created_at, mine.id));
    end $$`.execute(db);
  await sql`
    create function steps_waiting() returns table (backend text, n integer) ${definer} as $$
    begin
      if app_user_id() is null then return; end if;
      return query select s.backend, count(*)::int from generation_steps s
        where s.status in ('pending', 'processing') group by s.backend;
    end $$`.execute(db);
  await sql`
    create function seconds_per_picture(p_backend text, p_model text) returns double precision ${definer} as $$
    declare v_seconds double precision;
    begin
      if app_user_id() is null then return null; end if;
      select percentile_cont(0.5) within group (order by seconds) into v_seconds from (
        select extract(epoch from s.finished_at - s.started_at)
            / greatest(1, (select count(*) from step_alternatives a where a.step_id = s.id)) as seconds
        from generation_steps s
        where s.backend = p_backend and s.model_key = p_model and s.status = 'completed'
        order by s.finished_at desc limit 20) latest;
      return v_seconds;
    end $$`.execute(db);
}
