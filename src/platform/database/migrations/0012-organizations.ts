import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Organizations, who belongs to them, and who is asked to. Memberships lie in the table that albums use too. */
export async function organizations(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table organizations (
      id uuid primary key,
      name text not null check (length(name) between 1 and 100),
      description text check (length(description) between 1 and 2000),
      visibility text not null default 'members' check (visibility in ('members', 'everyone')),
      logo bytea references blobs,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    )`.execute(db);
  await sql`comment on column organizations.visibility is
    'Who finds it and reads what it is: its members, or everyone with an account. Who belongs to it is for members alone.'`.execute(
    db,
  );
  await sql`create index organizations_name on organizations (lower(name), id)`.execute(db);
  await sql`create index organizations_logo on organizations (logo) where logo is not null`.execute(db);
  // Apart from memberships: whoever asks who belongs to something never meets somebody who does not yet.
  await sql`
    create table organization_invitations (
      user_id uuid not null references users on delete cascade,
      organization_id uuid not null references organizations on delete cascade,
      role text not null check (role in ('admin', 'member')),
      invited_by uuid references users on delete set null,
      created_at timestamptz not null default now(),
      primary key (user_id, organization_id)
    )`.execute(db);
  await sql`create index organization_invitations_open on organization_invitations (organization_id, created_at)`.execute(
    db,
  );
  await sql`create index organization_invitations_inviter on organization_invitations (invited_by)`.execute(db);
  for (const table of ['organizations', 'organization_invitations']) await protect(db, table, { ownerSeesAll: true });

  await policies(db);
  await doors(db);
  await members(db);
  await leaving(db);
  await announcements(db);
  await logos(db);
}

/** What is seen. Everything is written through the doors below, which ask for themselves. */
async function policies(db: Kysely<unknown>): Promise<void> {
  const me = sql`(select app_user_id())`;
  const joined = sql`select m.resource_id from memberships m where m.user_id = ${me} and m.resource_kind = 'organization'`;
  const isAdmin = sql`(select app_is_admin())`;
  await sql`create policy admin_reads on organizations for select using (${isAdmin})`.execute(db);
  await sql`create policy everyones on organizations for select using (visibility = 'everyone' and ${me} is not null)`.execute(
    db,
  );
  await sql`create policy joined on organizations for select using (id in (${joined}))`.execute(db);
  await sql`create policy admin_reads on organization_invitations for select using (${isAdmin})`.execute(db);
  await sql`create policy administered on organization_invitations for select
    using (organization_id in (${joined} and m.role = 'admin'))`.execute(db);
  await sql`create policy own on organization_invitations for select using (user_id = ${me})`.execute(db);
}

async function doors(db: Kysely<unknown>): Promise<void> {
  const reading = sql`language sql stable security definer set search_path = public, pg_temp`;
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function app_joined_organization(p_organization uuid) returns boolean ${reading} as $$
      select exists (select from memberships m where m.user_id = app_user_id() and m.resource_kind = 'organization'
        and m.resource_id = p_organization) or app_is_admin()
    $$`.execute(db);
  await sql`
    create function app_administers(p_organization uuid) returns boolean ${reading} as $$
      select exists (select from memberships m where m.user_id = app_user_id() and m.resource_kind = 'organization'
        and m.resource_id = p_organization and m.role = 'admin') or app_is_admin()
    $$`.execute(db);
  await sql`
    create function create_organization(p_id uuid, p_name text, p_description text, p_visibility text) returns void ${definer} as $$
    begin
      if app_user_id() is null then raise exception 'only people make organizations' using errcode = '42501'; end if;
      -- Somebody who makes many at once is counted one after the other.
      perform from users where id = app_user_id() for update;
      if (select count(*) from memberships where user_id = app_user_id() and resource_kind = 'organization' and role = 'admin') >= 50 then
        raise exception 'too many organizations' using errcode = 'TT020';
      end if;
      insert into organizations (id, name, description, visibility) values (p_id, p_name, p_description, p_visibility);
      insert into memberships (user_id, resource_kind, resource_id, role) values (app_user_id(), 'organization', p_id, 'admin');
    end $$`.execute(db);
  await sql`
    create function change_organization(p_id uuid, p_change jsonb) returns boolean ${definer} as $$
    begin
      if not app_administers(p_id) then return false; end if;
      update organizations set updated_at = now(),
          name = case when p_change ? 'name' then p_change ->> 'name' else name end,
          description = case when p_change ? 'description' then p_change ->> 'description' else description end,
          visibility = case when p_change ? 'visibility' then p_change ->> 'visibility' else visibility end
        where id = p_id;
      return found;
    end $$`.execute(db);
  await sql`
    create function delete_organization(p_id uuid) returns boolean ${definer} as $$
    begin
      if not app_administers(p_id) then return false; end if;
      delete from organizations where id = p_id;
      return found;
    end $$`.execute(db);
  await sql`
    create function organization_people(p_organization uuid)
    returns table (user_id uuid, username text, display_name text, picture text, role text, joined_at timestamptz) ${reading} as $$
      select u.id, u.username, u.display_name, picture_version(u.profile_picture), m.role, m.created_at
      from memberships m join users u on u.id = m.user_id
      where m.resource_kind = 'organization' and m.resource_id = p_organization and app_joined_organization(p_organization)
      order by m.role = 'admin' desc, m.created_at, u.id
    $$`.execute(db);
  // How many belong to it is part of what an organization shows; who they are is not.
  await sql`
    create function organization_size(p_organization uuid) returns integer ${reading} as $$
      select count(*)::int from memberships m join organizations o on o.id = m.resource_id
      where m.resource_kind = 'organization' and o.id = p_organization
        and (o.visibility = 'everyone' and app_user_id() is not null or app_joined_organization(o.id))
    $$`.execute(db);
}

/** Who belongs to an organization is written here alone. Whoever changes it holds its row, so that an administrator is always left. */
async function members(db: Kysely<unknown>): Promise<void> {
  const reading = sql`language sql stable security definer set search_path = public, pg_temp`;
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function invite_to_organization(p_organization uuid, p_user uuid, p_role text) returns text ${definer} as $$
    begin
      if p_role not in ('admin', 'member') or not app_administers(p_organization) then return 'refused'; end if;
      perform from organizations where id = p_organization for update;
      if not found then return 'refused'; end if;
      if exists (select from memberships where user_id = p_user and resource_kind = 'organization' and resource_id = p_organization) then
        return 'belongs';
      end if;
      if (select count(*) from memberships where resource_kind = 'organization' and resource_id = p_organization)
        + (select count(*) from organization_invitations where organization_id = p_organization) >= 1000 then
        raise exception 'the organization is full' using errcode = 'TT021';
      end if;
      insert into organization_invitations (user_id, organization_id, role, invited_by)
        values (p_user, p_organization, p_role, app_user_id()) on conflict do nothing;
      return case when found then 'done' else 'invited' end;
    end $$`.execute(db);
  // All that somebody who is asked may know before they answer: what it is called, and who asks.
  await sql`
    create function own_organization_invitations()
    returns table (organization_id uuid, name text, role text, created_at timestamptz,
                   inviter_id uuid, username text, display_name text, picture text)
    ${reading} as $$
      select o.id, o.name, i.role, i.created_at, u.id, u.username, u.display_name, picture_version(u.profile_picture)
      from organization_invitations i join organizations o on o.id = i.organization_id left join users u on u.id = i.invited_by
      where i.user_id = app_user_id() order by i.created_at desc, o.id
    $$`.execute(db);
  await sql`
    create function open_organization_invitations(p_organization uuid)
    returns table (user_id uuid, username text, display_name text, picture text, role text, created_at timestamptz,
                   inviter_id uuid, inviter_username text, inviter_display_name text, inviter_picture text)
    ${reading} as $$
      select u.id, u.username, u.display_name, picture_version(u.profile_picture), i.role, i.created_at,
        b.id, b.username, b.display_name, picture_version(b.profile_picture)
      from organization_invitations i join users u on u.id = i.user_id left join users b on b.id = i.invited_by
      where i.organization_id = p_organization and app_administers(p_organization) order by i.created_at desc, u.id
    $$`.execute(db);
  await sql`
    create function accept_organization_invitation(p_organization uuid) returns text ${definer} as $$
    declare v_role text;
    begin
      perform from organizations where id = p_organization for update;
      delete from organization_invitations where user_id = app_user_id() and organization_id = p_organization returning role into v_role;
      if v_role is null then return null; end if;
      insert into memberships (user_id, resource_kind, resource_id, role)
        values (app_user_id(), 'organization', p_organization, v_role) on conflict do nothing;
      return v_role;
    end $$`.execute(db);
  await sql`
    create function end_organization_invitation(p_organization uuid, p_user uuid) returns boolean ${definer} as $$
    begin
      if p_user is distinct from app_user_id() and not app_administers(p_organization) then return false; end if;
      delete from organization_invitations where user_id = p_user and organization_id = p_organization;
      return found;
    end $$`.execute(db);
  await sql`
    create function require_other_organization_admin(p_organization uuid, p_user uuid) returns void language plpgsql as $$
    begin
      if exists (select from memberships where user_id = p_user and resource_kind = 'organization' and resource_id = p_organization
          and role = 'admin')
        and not exists (select from memberships where user_id <> p_user and resource_kind = 'organization'
          and resource_id = p_organization and role = 'admin') then
        raise exception 'the last administrator of an organization' using errcode = 'TT022';
      end if;
    end $$`.execute(db);
  await sql`
    create function set_organization_role(p_organization uuid, p_user uuid, p_role text) returns boolean ${definer} as $$
    begin
      if p_role not in ('admin', 'member') or not app_administers(p_organization) then return false; end if;
      perform from organizations where id = p_organization for update;
      if p_role <> 'admin' then perform require_other_organization_admin(p_organization, p_user); end if;
      update memberships set role = p_role
        where user_id = p_user and resource_kind = 'organization' and resource_id = p_organization;
      return found;
    end $$`.execute(db);
  await sql`
    create function remove_organization_member(p_organization uuid, p_user uuid) returns boolean ${definer} as $$
    begin
      if p_user is distinct from app_user_id() and not app_administers(p_organization) then return false; end if;
      perform from organizations where id = p_organization for update;
      perform require_other_organization_admin(p_organization, p_user);
      delete from memberships where user_id = p_user and resource_kind = 'organization' and resource_id = p_organization;
      return found;
    end $$`.execute(db);
}

/**
 * Somebody may always delete their account. An organization whose last administrator goes that way passes to whoever has belonged to it
 * longest, and ends with the last who belonged to it.
 */
async function leaving(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  // Memberships refer to organizations by kind and id, so no foreign key takes them along.
  await sql`
    create function forget_organization() returns trigger ${definer} as $$
    begin
      delete from memberships where resource_kind = 'organization' and resource_id = old.id;
      return null;
    end $$`.execute(db);
  await sql`create trigger forget after delete on organizations for each row execute function forget_organization()`.execute(
    db,
  );
  await sql`
    create function inherit_organization() returns trigger ${definer} as $$
    declare v_heir uuid;
    begin
      perform from organizations where id = old.resource_id for update;
      if not found or exists (select from memberships where resource_kind = 'organization' and resource_id = old.resource_id
        and role = 'admin') then return null; end if;
      select m.user_id into v_heir from memberships m join users u on u.id = m.user_id
        where m.resource_kind = 'organization' and m.resource_id = old.resource_id
        order by u.disabled_at is null desc, m.created_at, m.user_id limit 1;
      if v_heir is null then
        delete from organizations where id = old.resource_id;
      else
        update memberships set role = 'admin'
          where user_id = v_heir and resource_kind = 'organization' and resource_id = old.resource_id;
      end if;
      if app_principal_kind() <> 'none' then
        perform record_audit(case when v_heir is null then 'organization_deleted' else 'organization_member_changed' end,
          'organization', old.resource_id, case when v_heir is null then '{"reason":"nobody_left"}'
            else jsonb_build_object('user_id', v_heir, 'role', 'admin', 'reason', 'last_admin_gone') end, null);
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger inherit after delete on memberships for each row
    when (old.resource_kind = 'organization') execute function inherit_organization()`.execute(db);
}

/** Of an organization hear its members, of an invitation who is asked: by its id, as of everything. */
async function announcements(db: Kysely<unknown>): Promise<void> {
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function announce_organization(p_organization uuid, p_except uuid) returns void language plpgsql as $$
    begin
      perform pg_notify('tintype', change_announcement(user_id, 'organizations', 'changed', array[p_organization]))
        from memberships where resource_kind = 'organization' and resource_id = p_organization and user_id is distinct from p_except;
    end $$`.execute(db);
  await sql`
    create function announce_organization_change() returns trigger ${definer} as $$
    begin
      if tg_table_name = 'organizations' then
        perform announce_organization(new.id, null);
      elsif tg_table_name = 'memberships' then
        perform pg_notify('tintype', change_announcement((case when tg_op = 'DELETE' then old else new end).user_id, 'organizations',
          case tg_op when 'INSERT' then 'added' when 'DELETE' then 'removed' else 'changed' end,
          array[(case when tg_op = 'DELETE' then old else new end).resource_id]));
        perform announce_organization((case when tg_op = 'DELETE' then old else new end).resource_id,
          (case when tg_op = 'DELETE' then old else new end).user_id);
      else
        perform pg_notify('tintype', change_announcement((case when tg_op = 'DELETE' then old else new end).user_id, 'organizations',
          'changed', array[(case when tg_op = 'DELETE' then old else new end).organization_id]));
        perform announce_organization((case when tg_op = 'DELETE' then old else new end).organization_id, null);
      end if;
      return null;
    end $$`.execute(db);
  await sql`create trigger announce_changes after update on organizations for each row
    when (old.* is distinct from new.*) execute function announce_organization_change()`.execute(db);
  await sql`create trigger announce_organizations_new after insert or update on memberships for each row
    when (new.resource_kind = 'organization') execute function announce_organization_change()`.execute(db);
  await sql`create trigger announce_organizations_old after delete on memberships for each row
    when (old.resource_kind = 'organization') execute function announce_organization_change()`.execute(db);
  await sql`create trigger announce_changes after insert or delete on organization_invitations for each row
    execute function announce_organization_change()`.execute(db);
}

/** With logos, all pictures there are: where each lies, and whether anybody still shows it. */
async function logos(db: Kysely<unknown>): Promise<void> {
  const reading = sql`language sql stable security definer set search_path = public, pg_temp`;
  const definer = sql`language plpgsql security definer set search_path = public, pg_temp`;
  await sql`
    create function set_organization_logo(p_organization uuid, p_hash bytea) returns boolean ${definer} as $$
    begin
      if not app_administers(p_organization) then return false; end if;
      update organizations set logo = p_hash, updated_at = now() where id = p_organization;
      return found;
    end $$`.execute(db);
  // Whoever asks: they are public. Of somebody who is disabled nothing is.
  await sql`
    create function find_picture(p_kind text, p_id uuid) returns text ${reading} as $$
      select encode(hash, 'hex') from (
        select case p_kind when 'profile' then u.profile_picture when 'cover' then u.cover_picture end as hash
          from users u where u.id = p_id and u.disabled_at is null
        union all
        select o.logo from organizations o where p_kind = 'logo' and o.id = p_id) pictures where hash is not null
    $$`.execute(db);
  await sql`
    create function find_avatar(p_email_sha256 bytea) returns text ${reading} as $$
      select encode(u.profile_picture, 'hex') from users u
      where u.email_sha256 = p_email_sha256 and u.avatar_by_email and u.disabled_at is null and u.profile_picture is not null
    $$`.execute(db);
  await sql`
    create function is_shown_picture(p_hash bytea) returns boolean ${definer} stable as $$
    begin
      if not app_is_system() then raise exception 'only the system sweeps' using errcode = '42501'; end if;
      return exists (select from users where profile_picture = p_hash or cover_picture = p_hash)
        or exists (select from organizations where logo = p_hash);
    end $$`.execute(db);
  await sql`create trigger announce_picture after update of logo or delete on organizations
    for each row execute function announce_picture()`.execute(db);
}
