import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** The principal, and the one row that a library has about itself. */
export async function foundation(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function app_principal_kind() returns text language sql stable parallel safe as $$
      select split_part(coalesce(nullif(current_setting('app.principal', true), ''), 'none'), ':', 1)
    $$`.execute(db);
  await sql`
    create function app_user_id() returns uuid language sql stable parallel safe as $$
      select case when current_setting('app.principal', true) like 'user:%'
                  then split_part(current_setting('app.principal', true), ':', 2)::uuid end
    $$`.execute(db);
  await sql`
    create function app_is_system() returns boolean language sql stable parallel safe as $$
      select coalesce(current_setting('app.principal', true) = 'system', false)
    $$`.execute(db);

  await sql`
    create table instance (
      id smallint primary key default 1 check (id = 1),
      secret bytea not null check (length(secret) = 32),
      app_role text,
      grants_digest text,
      created_at timestamptz not null default now()
    )`.execute(db);
  await sql`comment on table instance is 'What the servers of one library share; the app login may not read it.'`.execute(
    db,
  );
  await protect(db, 'instance', { ownerSeesAll: true });
}
