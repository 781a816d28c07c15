import type { Pool } from 'pg';

/** The server must not start: what keeps people's rows apart is not in force. */
export class IsolationError extends Error {
  override readonly name = 'IsolationError';
}

// Kysely's own bookkeeping holds nobody's rows, and the app login has no privilege on it.
const bookkeeping = ['kysely_migration', 'kysely_migration_lock'];

interface Finding {
  finding: string;
}

/**
 * Refuses to go on unless row-level security binds the login of `pool`: it is no superuser, bypasses nothing, owns
 * nothing, can become nobody who does, and every table is behind forced policies.
 * @throws IsolationError that lists what is wrong
 */
export async function requireRowLevelSecurity(pool: Pool): Promise<void> {
  const { rows } = await pool.query<Finding>(
    `
    select 'the login ' || rolname || ' may bypass row-level security' as finding
      from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)
    union all
    select 'the login can become ' || rolname || ', which may bypass row-level security'
      from pg_roles where rolname <> current_user and (rolsuper or rolbypassrls or rolcreaterole)
        and pg_has_role(current_user, oid, 'member')
    union all
    select 'the login may create roles' from pg_roles where rolname = current_user and rolcreaterole
    union all
    select 'the login may put objects of its own into schema public (revoke create on schema public from public)'
      where has_schema_privilege(current_user, 'public', 'create')
    union all
    select 'the login is, or can become, the owner of table ' || c.relname
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and pg_has_role(current_user, c.relowner, 'member')
    union all
    select 'row-level security is not forced on table ' || c.relname
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and not (c.relrowsecurity and c.relforcerowsecurity) and c.relname <> all ($1)
    union all
    select 'the functions of table ' || c.relname || ' run as ' || o.rolname || ', who cannot see its rows'
      from pg_policy p join pg_class c on c.oid = p.polrelid join pg_roles o on o.oid = c.relowner
      where p.polname = 'owner_all' and c.relnamespace = 'public'::regnamespace
        and o.oid <> all (p.polroles) and not (o.rolsuper or o.rolbypassrls)
    union all
    select 'the login may read ' || c.relname || ', which runs past row-level security'
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm', 'f')
        and has_table_privilege(current_user, c.oid, 'select')
        and not coalesce(c.reloptions @> '{security_invoker=true}' and c.relkind = 'v', false)
    union all
    select 'the login may read ' || c.relname || ', which has no policies'
      from pg_class c where c.relname = any ($1) and c.relnamespace = 'public'::regnamespace
        and has_table_privilege(current_user, c.oid, 'select')`,
    [bookkeeping],
  );
  if (rows.length > 0) {
    throw new IsolationError(
      `People's photos would not be kept apart, so the server does not start: ${rows.map((row) => row.finding).join('; ')}. ` +
        'Let Tintype make its own login (leave APP_DATABASE_URL out), or name one without privileges.',
    );
  }
  // What the catalogue promises is also tried: a transaction without a principal must see nobody.
  const probe = await pool.query<{ seen: string }>('select count(*) as seen from users');
  if (Number(probe.rows[0]?.seen) > 0) {
    throw new IsolationError("People's photos would not be kept apart: a query on nobody's behalf sees accounts.");
  }
}
