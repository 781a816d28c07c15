import { Client, type PoolConfig } from 'pg';
import { grants } from '#platform/database/grants.ts';

interface Column {
  table: string;
  name: string;
  type: string;
  nullable: boolean;
  default: string | null;
  generated: string;
  comment: string | null;
}

/** `docs/schema.md`: tables, indexes, policies and functions as a migrated database has them. */
export async function schemaPage(owner: PoolConfig): Promise<string> {
  const client = new Client(owner);
  await client.connect();
  try {
    return await render(client);
  } finally {
    await client.end();
  }
}

async function render(client: Client): Promise<string> {
  const { rows: tables } = await client.query<{ name: string; comment: string | null }>(`
    select c.relname as name, obj_description(c.oid) as comment from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname not like 'kysely%' order by 1`);
  const { rows: columns } = await client.query<Column>(`
    select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
      pg_get_expr(d.adbin, d.adrelid) as default, a.attgenerated as generated, col_description(c.oid, a.attnum) as comment
    from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped order by c.relname, a.attnum`);
  const { rows: constraints } = await client.query<{ table: string; text: string }>(`
    select c.relname as table, pg_get_constraintdef(k.oid) as text from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'public'::regnamespace and k.contype in ('p', 'f', 'u', 'c') order by c.relname, k.contype desc, text`);
  const { rows: indexes } = await client.query<{ table: string; text: string }>(`
    select tablename as table, regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX (\\S+) ON public\\.\\S+ USING ', '\\1\\2: ') as text
    from pg_indexes where schemaname = 'public' and indexname not like '%\\_pkey' order by tablename, indexname`);
  const { rows: policies } = await client.query<{
    table: string;
    name: string;
    command: string;
    owner: boolean;
    uses: string | null;
    checks: string | null;
  }>(`
    select tablename as table, policyname as name, cmd as command, roles <> '{public}' as owner, qual as uses, with_check as checks
    from pg_policies where schemaname = 'public' order by tablename, policyname`);
  const { rows: functions } = await client.query<{ name: string; args: string; returns: string; definer: boolean }>(`
    select p.proname as name, pg_get_function_identity_arguments(p.oid) as args, pg_get_function_result(p.oid) as returns, p.prosecdef as definer
    from pg_proc p where p.pronamespace = 'public'::regnamespace order by 1`);

  const of = <Row extends { table: string }>(rows: Row[], table: string): Row[] =>
    rows.filter((row) => row.table === table);
  const clean = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
  const sections = tables.map(({ name, comment }) =>
    [
      `## ${name}`,
      ...(comment ? ['', comment] : []),
      '',
      '| column | type | null | default |',
      '|---|---|---|---|',
      ...of(columns, name).map((column) => {
        const value = column.generated
          ? `generated: \`${clean(column.default ?? '')}\``
          : column.default
            ? `\`${clean(column.default)}\``
            : '';
        const note = column.comment ? ` (${column.comment})` : '';
        return `| ${column.name}${note} | ${column.type} | ${column.nullable ? 'yes' : ''} | ${value} |`;
      }),
      '',
      ...of(constraints, name).map((row) => `- ${clean(row.text)}`),
      ...of(indexes, name).map((row) => `- index ${clean(row.text)}`),
      '',
      `The app login may: ${grants[name]?.join('; ') ?? 'nothing'}.`,
      '',
      ...of(policies, name).map((policy) => {
        const who = policy.owner ? ' (the owner alone)' : '';
        const check = policy.checks && policy.checks !== policy.uses ? `, with check \`${clean(policy.checks)}\`` : '';
        return `- policy ${policy.name}${who}, ${policy.command.toLowerCase()}: \`${clean(policy.uses ?? '')}\`${check}`;
      }),
    ].join('\n'),
  );
  const doors = functions.map(
    ({ name, args, returns, definer }) =>
      `| \`${name}(${clean(args)})\` | ${clean(returns)} | ${definer ? 'yes' : ''} |`,
  );
  return `# Schema

Written from a migrated database by \`npm run docs\`; \`npm test\` holds it to the migrations. Row-level security is forced on
every table: what no policy allows is not there, for the owner of the tables too.

${sections.join('\n\n')}

## Functions

| function | returns | runs as the owner |
|---|---|---|
${doors.join('\n')}
`;
}
