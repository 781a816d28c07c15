import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Whether who has not signed in may try the studio. */
export async function tryOut(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table try_out (
      id boolean primary key default true check (id),
      allowed boolean not null,
      changed_at timestamptz not null default now()
    )`.execute(db);
  await protect(db, 'try_out', { ownerSeesAll: true });
  // A backup is the system, and takes it along.
  await sql`create policy system on try_out using ((select app_is_system()))`.execute(db);
  await sql`create policy set on try_out using ((select app_is_admin()))`.execute(db);
  // Whoever comes may ask, and is told this and nothing else.
  await sql`
    create function try_out_allowed() returns boolean language sql stable security definer set search_path = public, pg_temp as $$
      select coalesce((select allowed from try_out), false) $$`.execute(db);
}
