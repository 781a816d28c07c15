import { type Kysely, sql } from 'kysely';

/**
 * Puts a table behind row-level security, its owner included: without a policy it then answers no row to anybody.
 * `ownerSeesAll` lets SECURITY DEFINER functions (which run as the owner) work on it; FORCE would bind them too.
 * That policy is constant, so it never calls a function that reads the table again.
 */
export async function protect(db: Kysely<unknown>, table: string, { ownerSeesAll = false } = {}): Promise<void> {
  await sql`alter table ${sql.table(table)} enable row level security`.execute(db);
  await sql`alter table ${sql.table(table)} force row level security`.execute(db);
  if (!ownerSeesAll) return;
  const { rows } = await sql<{ role: string }>`select current_user as role`.execute(db);
  const owner = sql.id(rows[0]?.role ?? '');
  await sql`create policy owner_all on ${sql.table(table)} to ${owner} using (true) with check (true)`.execute(db);
}
