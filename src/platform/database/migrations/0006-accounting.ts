import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** What an account may hold at the most, and the log of who did what. */
export async function accounting(db: Kysely<unknown>): Promise<void> {
  await quotas(db);
  await auditLog(db);
}

/**
 * The wall stands where photos are counted: whoever adds one holds the row of its owner's counter until the end of the
 * transaction, so what it is held against is exact, however many come at once and by however many servers.
 */
async function quotas(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`alter table usage
    add column quota_bytes bigint check (quota_bytes >= 0), add column quota_photos bigint check (quota_photos >= 0)`.execute(
    db,
  );
  await sql`comment on column usage.quota_bytes is 'What the photos of this account may add up to, trash included; null for no end.'`.execute(
    db,
  );
  // Every upload adds up what the others of its owner have announced.
  await sql`create index uploads_receiving on uploads (owner_id) include (bytes) where status = 'receiving'`.execute(
    db,
  );

  // Figures are for the owner alone: a guest is told no more than that there is no room.
  await sql`
    create function raise_over_quota(u usage) returns void ${definer} as $$
    begin
      raise exception 'quota exceeded' using errcode = 'TT010', detail = case when u.owner_id = app_user_id() then
        json_build_object('limit_bytes', u.quota_bytes, 'used_bytes', u.bytes,
                          'limit_photos', u.quota_photos, 'used_photos', u.photos)::text else '' end;
    end $$`.execute(db);
  await sql`
    create function refuse_over_quota() returns trigger ${definer} as $$
    begin
      perform raise_over_quota(old);
      return null;
    end $$`.execute(db);
  await sql`
    create trigger hold_quota before update on usage for each row
    when (new.bytes > old.bytes and new.bytes > new.quota_bytes or new.photos > old.photos and new.photos > new.quota_photos)
    execute function refuse_over_quota()`.execute(db);

  // Asked before bytes are taken in; what is decided is decided by the trigger.
  await sql`
    create function require_room(p_owner uuid, p_bytes bigint, p_photos bigint) returns void ${definer} as $$
    declare u usage;
    begin
      select * into u from usage where owner_id = p_owner and (p_owner = app_user_id()
        or exists (select from app_link() l where l.owner_id = p_owner and l.allow_upload));
      if u.bytes + p_bytes > u.quota_bytes or u.photos + p_photos > u.quota_photos then perform raise_over_quota(u); end if;
    end $$`.execute(db);

  await sql`
    create function set_quota(p_user uuid, p_quota jsonb) returns boolean ${definer} as $$
    begin
      if not app_is_admin() or not exists (select from users where id = p_user) then return false; end if;
      insert into usage as u (owner_id, quota_bytes, quota_photos)
        values (p_user, (p_quota->>'quota_bytes')::bigint, (p_quota->>'quota_photos')::bigint)
        on conflict (owner_id) do update set
          quota_bytes = case when p_quota ? 'quota_bytes' then excluded.quota_bytes else u.quota_bytes end,
          quota_photos = case when p_quota ? 'quota_photos' then excluded.quota_photos else u.quota_photos end;
      return true;
    end $$`.execute(db);
  await sql`
    create function create_user(p_id uuid, p_username text, p_email text, p_role text, p_password_hash text)
    returns boolean ${definer} as $$
    begin
      if not app_is_admin() then return false; end if;
      insert into users (id, username, email, role) values (p_id, p_username, p_email, p_role);
      insert into passwords (user_id, hash) values (p_id, p_password_hash);
      return true;
    end $$`.execute(db);
  // The first account is of whoever runs the library: nobody bounds it.
  await sql`drop function register_user(uuid, text, text, text, boolean, boolean, bytea)`.execute(db);
  await sql`
    create function register_user(p_id uuid, p_username text, p_email text, p_password_hash text, p_first_allowed boolean,
                                  p_open boolean, p_invitation_hash bytea, p_quota_bytes bigint default null,
                                  p_quota_photos bigint default null)
    returns text ${definer} as $$
    declare v_role text := 'user';
    begin
      -- The first account becomes the administrator, once: two that come at the same moment wait for each other here.
      perform pg_advisory_xact_lock(7301);
      if not exists (select from users) then
        if not p_first_allowed then raise exception 'setup_token_required' using errcode = 'TT001'; end if;
        v_role := 'admin';
      elsif not p_open then
        update one_time_tokens set used_at = now()
          where kind = 'invitation' and token_hash = p_invitation_hash and used_at is null and expires_at > now()
            and maker_is_admin(created_by);
        if not found then raise exception 'invitation_required' using errcode = 'TT002'; end if;
      end if;
      insert into users (id, username, email, role) values (p_id, p_username, p_email, v_role);
      insert into passwords (user_id, hash) values (p_id, p_password_hash);
      if v_role = 'user' and num_nonnulls(p_quota_bytes, p_quota_photos) > 0 then
        insert into usage (owner_id, quota_bytes, quota_photos) values (p_id, p_quota_bytes, p_quota_photos);
      end if;
      return v_role;
    end $$`.execute(db);
}

/** Rows are added through one door, which takes the actor from the transaction's principal; none is ever changed. */
async function auditLog(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create table audit_log (
      id bigint primary key generated always as identity,
      at timestamptz not null default clock_timestamp(),
      action text not null check (action ~ '^[a-z_]{1,40}$'),
      actor_kind text not null check (actor_kind in ('user', 'link', 'anonymous', 'system')),
      actor_id uuid,
      actor_name text,
      address text check (length(address) <= 45),
      subject_kind text check (subject_kind ~ '^[a-z_]{1,20}$'),
      subject_id uuid,
      subject_name text,
      details jsonb not null default '{}' check (jsonb_typeof(details) = 'object' and length(details::text) <= 2000)
    )`.execute(db);
  await sql`comment on table audit_log is
    'Who did what, as they were called then: it outlives accounts, so nothing in it is a foreign key.'`.execute(db);
  await sql`create index audit_log_action on audit_log (action, id desc)`.execute(db);
  await sql`create index audit_log_actor on audit_log (actor_id, id desc)`.execute(db);
  await sql`create index audit_log_subject on audit_log (subject_id, id desc)`.execute(db);
  await sql`create index audit_log_at on audit_log (at)`.execute(db);
  await protect(db, 'audit_log', { ownerSeesAll: true });
  await sql`create policy admin_reads on audit_log for select using ((select app_is_admin()))`.execute(db);

  // Names are looked up here, for accounts alone: what people call their albums and keys is nobody else's business.
  await sql`
    create function record_audit(p_action text, p_subject_kind text, p_subject_id uuid, p_details jsonb, p_address text)
    returns void ${definer} as $$
    declare
      v_kind text := app_principal_kind();
      v_actor uuid := case when v_kind in ('user', 'link') then split_part(current_setting('app.principal', true), ':', 2)::uuid end;
    begin
      if v_kind = 'none' then raise exception 'nobody can be recorded' using errcode = '42501'; end if;
      insert into audit_log (action, actor_kind, actor_id, actor_name, address, subject_kind, subject_id, subject_name, details)
        values (p_action, v_kind, v_actor, (select username from users where v_kind = 'user' and id = v_actor), p_address,
          p_subject_kind, p_subject_id, (select username from users where p_subject_kind = 'user' and id = p_subject_id),
          p_details);
    end $$`.execute(db);
  // A week is kept whatever is asked for: a log that can be emptied at once tells nothing of who emptied it.
  await sql`
    create function sweep_audit(p_days int) returns bigint ${definer} as $$
    declare v_count bigint;
    begin
      if not app_is_system() then raise exception 'only the system forgets' using errcode = '42501'; end if;
      delete from audit_log where at < now() - make_interval(days => greatest(p_days, 7));
      get diagnostics v_count = row_count;
      return v_count;
    end $$`.execute(db);
}
