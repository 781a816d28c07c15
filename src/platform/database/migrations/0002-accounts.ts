import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** People and what they sign in with. Credentials are reached only by their hash, through the functions at the end. */
export async function accounts(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table users (
      id uuid primary key,
      username text not null check (username ~ '^[A-Za-z0-9][A-Za-z0-9._-]{1,38}$'),
      email text check (length(email) <= 254),
      display_name text check (length(display_name) between 1 and 80),
      role text not null default 'user' check (role in ('admin', 'user')),
      disabled_at timestamptz,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`create unique index users_username on users (lower(username))`.execute(db);
  await sql`create unique index users_email on users (lower(email))`.execute(db);
  await sql`create table passwords (
      user_id uuid primary key references users on delete cascade,
      hash text not null,
      changed_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table sessions (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      token_hash bytea not null unique check (length(token_hash) = 32),
      kind text not null check (kind in ('browser', 'token')),
      user_agent text check (length(user_agent) <= 300),
      ip text check (length(ip) <= 45),
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      expires_at timestamptz not null
    )`.execute(db);
  await sql`create index sessions_user on sessions (user_id, last_used_at desc)`.execute(db);
  await sql`create index sessions_expiry on sessions (expires_at)`.execute(db);
  await sql`
    create table api_keys (
      id uuid primary key,
      user_id uuid not null references users on delete cascade,
      name text not null check (length(name) between 1 and 80),
      prefix text not null,
      key_hash bytea not null unique check (length(key_hash) = 32),
      scopes text[] not null check (cardinality(scopes) > 0),
      created_at timestamptz not null default now(),
      last_used_at timestamptz,
      expires_at timestamptz
    )`.execute(db);
  await sql`create index api_keys_user on api_keys (user_id, created_at desc)`.execute(db);
  await sql`
    create table one_time_tokens (
      id uuid primary key,
      kind text not null check (kind in ('reset', 'invitation')),
      token_hash bytea not null unique check (length(token_hash) = 32),
      user_id uuid references users on delete cascade,
      created_by uuid references users on delete cascade,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      used_at timestamptz,
      check ((kind = 'reset') = (user_id is not null))
    )`.execute(db);
  await sql`create index one_time_tokens_user on one_time_tokens (user_id)`.execute(db);
  await sql`create index one_time_tokens_creator on one_time_tokens (created_by)`.execute(db);
  await sql`
    create table memberships (
      user_id uuid not null references users on delete cascade,
      resource_kind text not null check (resource_kind in ('album', 'organization')),
      resource_id uuid not null,
      role text not null check (length(role) between 1 and 20),
      created_at timestamptz not null default now(),
      primary key (user_id, resource_kind, resource_id)
    )`.execute(db);
  await sql`create index memberships_resource on memberships (resource_kind, resource_id)`.execute(db);
  await sql`comment on table memberships is
    'Who belongs to what. Its policy reads no other table, so that policies of other tables may read it without recursion.'`.execute(
    db,
  );

  for (const table of ['users', 'passwords', 'sessions', 'api_keys', 'one_time_tokens', 'memberships']) {
    await protect(db, table, { ownerSeesAll: true });
  }

  // Definer functions run as the owner, whose policies are plain, so nothing recurses.
  await sql`
    create function app_is_admin() returns boolean language sql stable security definer set search_path = public, pg_temp as $$
      select exists (select from users where id = app_user_id() and role = 'admin' and disabled_at is null)
    $$`.execute(db);

  const mine = sql`user_id = (select app_user_id())`;
  await sql`create policy self_or_admin on users for select
    using (id = (select app_user_id()) or (select app_is_admin()))`.execute(db);
  await sql`create policy self_change on users for update
    using (id = (select app_user_id())) with check (id = (select app_user_id()))`.execute(db);
  for (const table of ['sessions', 'api_keys']) {
    await sql`create policy own on ${sql.table(table)} using (${mine}) with check (${mine})`.execute(db);
  }
  await sql`create policy admin_all on one_time_tokens
    using ((select app_is_admin())) with check ((select app_is_admin()) and created_by = (select app_user_id()))`.execute(
    db,
  );
  await sql`create policy own on memberships for select using (${mine})`.execute(db);

  await functions(db);
}

/**
 * The narrow doors through which one who is nobody yet becomes somebody. Each takes a hash or changes one thing.
 * `pg_temp` is named last in every search path: unnamed it comes first, and a temporary table called `users` would then
 * be read in place of the real one, with the owner's rights.
 */
async function functions(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;

  await sql`
    create function find_session(p_token_hash bytea)
    returns table (session_id uuid, session_kind text, session_expires_at timestamptz, session_last_used_at timestamptz,
                   user_id uuid, username text, user_role text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select s.id, s.kind, s.expires_at, s.last_used_at, u.id, u.username, u.role
      from sessions s join users u on u.id = s.user_id
      where s.token_hash = p_token_hash and s.expires_at > now() and s.last_used_at > now() - interval '30 days'
        and u.disabled_at is null
    $$`.execute(db);
  await sql`
    create function find_api_key(p_key_hash bytea)
    returns table (key_id uuid, scopes text[], key_expires_at timestamptz, user_id uuid, username text, user_role text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select k.id, k.scopes, k.expires_at, u.id, u.username, u.role
      from api_keys k join users u on u.id = k.user_id
      where k.key_hash = p_key_hash and (k.expires_at is null or k.expires_at > now()) and u.disabled_at is null
    $$`.execute(db);
  // A signed URL carries the id of the credential it was given to; the signature over it is checked first.
  await sql`
    create function find_grant(p_credential_id uuid, p_user_id uuid)
    returns table (scopes text[], grant_expires_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp as $$
      select null, s.expires_at from sessions s join users u on u.id = s.user_id
      where s.id = p_credential_id and u.id = p_user_id and u.disabled_at is null
        and s.expires_at > now() and s.last_used_at > now() - interval '30 days'
      union all
      select k.scopes, k.expires_at from api_keys k join users u on u.id = k.user_id
      where k.id = p_credential_id and u.id = p_user_id and u.disabled_at is null
        and (k.expires_at is null or k.expires_at > now())
    $$`.execute(db);
  await sql`
    create function find_login(p_login text) returns table (user_id uuid, password_hash text, disabled boolean)
    language sql stable security definer set search_path = public, pg_temp as $$
      select u.id, p.hash, u.disabled_at is not null from users u join passwords p on p.user_id = u.id
      where lower(u.username) = lower(p_login) or lower(u.email) = lower(p_login)
      order by lower(u.username) = lower(p_login) desc limit 1
    $$`.execute(db);
  await sql`
    create function has_users() returns boolean
    language sql stable security definer set search_path = public, pg_temp as $$ select exists (select from users) $$`.execute(
    db,
  );
  await sql`
    create function sole_owner() returns table (user_id uuid, username text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select id, users.username from users where role = 'admin' and disabled_at is null order by created_at, id limit 1
    $$`.execute(db);
  await sql`
    create function own_password_hash() returns text
    language sql stable security definer set search_path = public, pg_temp as $$
      select hash from passwords where user_id = app_user_id()
    $$`.execute(db);
  // A link ends with the power of whoever made it; those that are mailed have no maker.
  await sql`
    create function maker_is_admin(p_maker uuid) returns boolean
    language sql stable security definer set search_path = public, pg_temp as $$
      select p_maker is null or exists (select from users where id = p_maker and role = 'admin' and disabled_at is null)
    $$`.execute(db);
  await sql`
    create function register_user(p_id uuid, p_username text, p_email text, p_password_hash text,
                                  p_first_allowed boolean, p_open boolean, p_invitation_hash bytea)
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
      return v_role;
    end $$`.execute(db);
  await sql`
    create function change_own_password(p_hash text, p_keep_session uuid) returns void ${definer} as $$
    begin
      update passwords set hash = p_hash, changed_at = now() where user_id = app_user_id();
      delete from sessions where user_id = app_user_id() and id is distinct from p_keep_session;
      delete from one_time_tokens where user_id = app_user_id() and kind = 'reset';
    end $$`.execute(db);
  await sql`
    create function request_reset(p_id uuid, p_email text, p_token_hash bytea, p_expires_at timestamptz)
    returns table (user_id uuid, username text) ${definer} as $$
    begin
      return query insert into one_time_tokens as t (id, kind, token_hash, user_id, expires_at)
        select p_id, 'reset', p_token_hash, u.id, p_expires_at from users u
        where lower(u.email) = lower(p_email) and u.disabled_at is null
        returning t.user_id, (select u.username from users u where u.id = t.user_id);
    end $$`.execute(db);
  await sql`
    create function consume_reset(p_token_hash bytea, p_hash text) returns uuid ${definer} as $$
    declare v_user uuid;
    begin
      update one_time_tokens set used_at = now()
        where kind = 'reset' and token_hash = p_token_hash and used_at is null and expires_at > now()
          and maker_is_admin(created_by)
        returning user_id into v_user;
      if v_user is null then return null; end if;
      update passwords set hash = p_hash, changed_at = now() where user_id = v_user;
      delete from sessions where user_id = v_user;
      delete from one_time_tokens where user_id = v_user and kind = 'reset' and used_at is null;
      return v_user;
    end $$`.execute(db);
  await sql`
    create function set_account_state(p_user uuid, p_role text, p_disabled boolean) returns boolean ${definer} as $$
    begin
      if not app_is_admin() then return false; end if;
      perform pg_advisory_xact_lock(7301);
      update users set role = coalesce(p_role, role),
        disabled_at = case when p_disabled is null then disabled_at when p_disabled then coalesce(disabled_at, now()) end
        where id = p_user;
      if not found then return false; end if;
      if p_disabled then delete from sessions where user_id = p_user; end if;
      if not exists (select from users where role = 'admin' and disabled_at is null) then
        raise exception 'last_admin' using errcode = 'TT003';
      end if;
      return true;
    end $$`.execute(db);
  await sql`
    create function delete_account(p_user uuid) returns boolean ${definer} as $$
    begin
      if p_user is distinct from app_user_id() and not app_is_admin() then return false; end if;
      perform pg_advisory_xact_lock(7301);
      delete from users where id = p_user;
      if not found then return false; end if;
      if exists (select from users) and not exists (select from users where role = 'admin' and disabled_at is null) then
        raise exception 'last_admin' using errcode = 'TT003';
      end if;
      return true;
    end $$`.execute(db);
  // By hash, so that only a credential that was really shown can be kept from its idle time-out.
  await sql`
    create function touch_credentials(p_hashes bytea[]) returns void ${definer} as $$
    begin
      update sessions set last_used_at = now() where token_hash = any(p_hashes);
      update api_keys set last_used_at = now() where key_hash = any(p_hashes);
    end $$`.execute(db);
  await sql`
    create function sweep_credentials() returns void ${definer} as $$
    begin
      delete from sessions where expires_at < now() or last_used_at < now() - interval '30 days';
      delete from one_time_tokens where expires_at < now() - interval '7 days' or used_at < now() - interval '7 days';
    end $$`.execute(db);

  // Whatever ends a credential, by whatever way, every server of the library hears of it.
  await sql`
    create function announce_account_change() returns trigger ${definer} as $$
    begin
      if tg_table_name = 'users' then
        perform pg_notify('tintype', 'user:' || old.id);
      else
        perform pg_notify('tintype', 'credential:' || old.id);
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger announce after update of role, disabled_at, username or delete on users
    for each row execute function announce_account_change()`.execute(db);
  await sql`create trigger announce after delete on sessions for each row execute function announce_account_change()`.execute(
    db,
  );
  await sql`create trigger announce after delete on api_keys for each row execute function announce_account_change()`.execute(
    db,
  );
}
