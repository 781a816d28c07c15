import { type Kysely, sql } from 'kysely';
import { protect } from './protect.ts';

/** Which of two InvokeAIs is used, and the machine that is rented for one of them: what it is, and what it has cost. */
export async function pods(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table generation_backend (
      id boolean primary key default true check (id),
      mode text not null default 'local' check (mode in ('local', 'remote')),
      changed_at timestamptz not null default now()
    )`.execute(db);
  await sql`
    create table pods (
      id boolean primary key default true check (id),
      record jsonb check (jsonb_typeof(record) = 'object'),
      alarm text,
      alarmed_at timestamptz,
      paused text,
      trouble text,
      troubled_at timestamptz,
      lease uuid,
      leased_until timestamptz
    )`.execute(db);
  await sql`comment on column pods.record is
    'Written before a machine is asked for, so that whatever happens to a server it is found again by its name'`.execute(
    db,
  );
  await sql`comment on column pods.paused is 'Why work may not start it; null where it may'`.execute(db);
  await sql`comment on column pods.trouble is 'Why it was not to be had when it was last wanted'`.execute(db);
  await sql`insert into pods default values`.execute(db);
  await sql`
    create table pod_use (
      day date primary key,
      ms bigint not null check (ms >= 0),
      dollars double precision not null check (dollars >= 0)
    )`.execute(db);
  for (const table of ['generation_backend', 'pods', 'pod_use']) {
    await protect(db, table);
    await sql`create policy system on ${sql.table(table)} using ((select app_is_system()))`.execute(db);
    await sql`create policy administered on ${sql.table(table)} for select using ((select app_is_admin()))`.execute(db);
  }
  // Everybody sees what their pictures are made with; who pays is the administrators' business.
  await sql`create policy seen on generation_backend for select using ((select app_principal_kind()) = 'user')`.execute(
    db,
  );
  await sql`create policy set on generation_backend using ((select app_is_admin()))`.execute(db);
}
