import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** What clients and libraries of earlier systems need: their ways of being signed in, and where their things went. */
export async function earlierSystems(db: Kysely<unknown>): Promise<void> {
  await sessions(db);
  await people(db);

  await sql`
    create table imported (
      system text not null check (system ~ '^[a-z][a-z0-9-]{1,39}$'),
      kind text not null check (kind in ('person', 'organization', 'photo', 'album', 'identity')),
      earlier_id text not null check (length(earlier_id) between 1 and 1024),
      id uuid not null,
      owner_id uuid references users on delete cascade,
      imported_at timestamptz not null default now(),
      brought text check (brought in ('dated', 'undated')),
      check (kind in ('person', 'organization') or owner_id is not null)
    )`.execute(db);
  await sql`comment on table imported is
    'What each thing of an earlier system became. Its rows stay when the thing is deleted here, so that another run does not bring it back.'`.execute(
    db,
  );
  await sql`comment on column imported.kind is
    'A person that nobody owns stays when their account is deleted; an identity, which tells them from another of the same number, does not.'`.execute(
    db,
  );
  await sql`comment on column imported.brought is
    'Of a photo that an import made: whether it was told when that was taken. What other copies tell fills what nothing told; null of photos that were here.'`.execute(
    db,
  );
  await sql`create unique index imported_by_owner on imported (owner_id, system, kind, earlier_id) nulls not distinct`.execute(
    db,
  );
  // People and organizations are one thing for everybody, whoever asks.
  await sql`create unique index imported_people on imported (system, kind, earlier_id)
    where kind in ('person', 'organization')`.execute(db);
  await protect(db, 'imported', { ownerSeesAll: true });
  await sql`create policy system on imported using ((select app_is_system()))`.execute(db);
  await sql`create policy own on imported for select using (owner_id = (select app_user_id()))`.execute(db);
  await sql`create policy brings on imported for insert with check (
    case when kind in ('photo', 'album') then owner_id = (select app_user_id()) else (select app_is_admin()) end)`.execute(
    db,
  );
  await sql`create policy administered on imported for select using (
    kind in ('person', 'organization', 'identity') and (select app_is_admin()))`.execute(db);
  // Profile pictures and logos are everybody's, and so is where an old address of one leads.
  await sql`
    create function find_imported(p_system text, p_kind text, p_earlier_id text) returns uuid
    language sql stable security definer set search_path = public, pg_temp as $$
      select id from imported where system = p_system and kind = p_kind and earlier_id = p_earlier_id
        and kind in ('person', 'organization')
    $$`.execute(db);
  await sql`
    create function keeper_of_aside(p_system text) returns uuid
    language sql stable security definer set search_path = public, pg_temp as $$
      select owner_id from imported where system = p_system and kind = 'photo' and starts_with(earlier_id, 'aside/')
        and app_is_admin() order by imported_at limit 1
    $$`.execute(db);
  // Whoever was brought along has been here for less long than the date says that their account came with.
  await sql`
    create or replace function sole_owner() returns table (user_id uuid, username text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select id, users.username from users where role = 'admin' and disabled_at is null
      order by exists (select from imported i where i.owner_id = users.id and i.kind = 'identity' and starts_with(i.earlier_id, 'made ')),
        created_at, id limit 1
    $$`.execute(db);
  await sql`
    create function import_organization(p_id uuid, p_name text) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
    begin
      if not app_is_admin() then return false; end if;
      insert into organizations (id, name, description, visibility) values (p_id, p_name, null, 'members');
      insert into memberships (user_id, resource_kind, resource_id, role) values (app_user_id(), 'organization', p_id, 'admin');
      return true;
    end $$`.execute(db);
}

/** Sessions that end sooner when idle, and those that go on by a token that is used once. */
async function sessions(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    alter table sessions
      add column idle_seconds integer not null default 2592000 check (idle_seconds between 60 and 7776000),
      add column bearer_only boolean not null default false`.execute(db);
  await sql`comment on column sessions.bearer_only is
    'Its secret opens nothing as a cookie: access ends with the token that carries it, long before the session does.'`.execute(
    db,
  );
  await sql`
    create table renewal_tokens (
      token_hash bytea primary key check (length(token_hash) = 32),
      session_id uuid not null references sessions on delete cascade,
      user_id uuid not null references users on delete cascade,
      created_at timestamptz not null default now(),
      used_at timestamptz
    )`.execute(db);
  await sql`create index renewal_tokens_session on renewal_tokens (session_id)`.execute(db);
  await sql`create index renewal_tokens_user on renewal_tokens (user_id)`.execute(db);
  await protect(db, 'renewal_tokens', { ownerSeesAll: true });
  await sql`create policy own on renewal_tokens for insert with check (
    user_id = (select app_user_id()) and session_id in (select id from sessions))`.execute(db);

  await sql`drop function find_session(bytea)`.execute(db);
  await sql`
    create function find_session(p_token_hash bytea)
    returns table (session_id uuid, session_kind text, session_expires_at timestamptz, session_last_used_at timestamptz,
                   bearer_only boolean, user_id uuid, username text, user_role text)
    language sql stable security definer set search_path = public, pg_temp as $$
      select s.id, s.kind, s.expires_at, s.last_used_at, s.bearer_only, u.id, u.username, u.role
      from sessions s join users u on u.id = s.user_id
      where s.token_hash = p_token_hash and s.expires_at > now()
        and s.last_used_at > now() - make_interval(secs => s.idle_seconds) and u.disabled_at is null
    $$`.execute(db);
  await sql`
    create or replace function find_grant(p_credential_id uuid, p_user_id uuid)
    returns table (scopes text[], grant_expires_at timestamptz)
    language sql stable security definer set search_path = public, pg_temp as $$
      select null, s.expires_at from sessions s join users u on u.id = s.user_id
      where s.id = p_credential_id and u.id = p_user_id and u.disabled_at is null
        and s.expires_at > now() and s.last_used_at > now() - make_interval(secs => s.idle_seconds)
      union all
      select k.scopes, k.expires_at from api_keys k join users u on u.id = k.user_id
      where k.id = p_credential_id and u.id = p_user_id and u.disabled_at is null
        and (k.expires_at is null or k.expires_at > now())
    $$`.execute(db);
  await sql`
    create or replace function sweep_credentials() returns void ${definer} as $$
    begin
      delete from sessions where expires_at < now() or last_used_at < now() - make_interval(secs => idle_seconds);
      delete from one_time_tokens where expires_at < now() - interval '7 days' or used_at < now() - interval '7 days';
    end $$`.execute(db);
  // Whoever shows a token that was used up already has it from somebody, or somebody has it from them: that session is over for both.
  await sql`
    create function renew_session(p_token_hash bytea, p_secret_hash bytea, p_next_hash bytea, p_seconds integer)
    returns table (session_id uuid, user_id uuid) ${definer} as $$
    declare v_token renewal_tokens; v_session sessions;
    begin
      select * into v_token from renewal_tokens r where r.token_hash = p_token_hash for update;
      if not found then return; end if;
      if v_token.used_at is not null then
        delete from sessions s where s.id = v_token.session_id;
        return query select v_token.session_id, null::uuid;
        return;
      end if;
      select s.* into v_session from sessions s join users u on u.id = s.user_id
        where s.id = v_token.session_id and s.token_hash = p_secret_hash and s.expires_at > now()
          and s.last_used_at > now() - make_interval(secs => s.idle_seconds) and u.disabled_at is null
        for update of s;
      if not found then return; end if;
      update renewal_tokens r set used_at = now() where r.token_hash = p_token_hash;
      insert into renewal_tokens (token_hash, session_id, user_id) values (p_next_hash, v_session.id, v_session.user_id);
      update sessions s set last_used_at = now(), expires_at = now() + make_interval(secs => least(p_seconds, 7776000))
        where s.id = v_session.id;
      return query select v_session.id, v_session.user_id;
    end $$`.execute(db);
}

/** Accounts that come with a password of their own, in the form another program kept it in. */
async function people(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function import_person(p_id uuid, p_username text, p_email text, p_display_name text, p_password_hash text,
                                  p_created_at timestamptz)
    returns boolean ${definer} as $$
    begin
      if not app_is_admin() then return false; end if;
      insert into users (id, username, email, display_name, role, created_at)
        values (p_id, p_username, p_email, p_display_name, 'user', coalesce(p_created_at, now()));
      insert into passwords (user_id, hash) values (p_id, p_password_hash);
      return true;
    end $$`.execute(db);
  // Only from the very hash that was verified: a password that was changed meanwhile stays changed.
  await sql`
    create function rehash_own_password(p_former text, p_hash text) returns void ${definer} as $$
    begin
      update passwords set hash = p_hash where user_id = app_user_id() and hash = p_former;
    end $$`.execute(db);
  // How many are kept in which form: what verifying costs, without salts and digests.
  await sql`
    create function password_forms() returns table (form text, accounts bigint)
    language sql stable security definer set search_path = public, pg_temp as $$
      select case
          when hash like '$argon2id$%' then substring(hash from '^\\$argon2id\\$v=\\d+\\$m=\\d+,t=\\d+,p=\\d+')
          when hash ~ '^(pbkdf2|scrypt):' then split_part(hash, '$', 1)
          when hash like 'pbkdf2\\_%' then split_part(hash, '$', 1) || '$' || split_part(hash, '$', 2)
          else substring(hash from '^(?:bcrypt(?:_sha256)?\\$)?\\$2[aby]\\$\\d\\d')
        end, count(*)
      from passwords group by 1
    $$`.execute(db);
}
