import { type Insertable, type Kysely, type Selectable, sql, type Updateable } from 'kysely';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Templates = GenerationTables['prompt_templates'];

export type TemplateRow = Selectable<Templates>;

/** A person's templates, favourites first, then those changed last. */
export async function listTemplates(
  tx: Tx,
  ownerId: string,
  filter: { favorite?: boolean | undefined; category?: string | undefined },
  { limit, offset }: { limit: number; offset: number },
): Promise<{ items: TemplateRow[]; total: number }> {
  let found = tx.selectFrom('prompt_templates').where('owner_id', '=', ownerId);
  if (filter.favorite !== undefined) found = found.where('is_favorite', '=', filter.favorite);
  if (filter.category !== undefined) found = found.where('category', '=', filter.category);
  const items = await found
    .selectAll()
    .orderBy('is_favorite', 'desc')
    .orderBy('updated_at', 'desc')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
  const { n } = await found.select(sql<number>`count(*)::int`.as('n')).executeTakeFirstOrThrow();
  return { items, total: n };
}

export async function countTemplates(tx: Tx, ownerId: string): Promise<number> {
  const { n } = await tx
    .selectFrom('prompt_templates')
    .select(sql<number>`count(*)::int`.as('n'))
    .where('owner_id', '=', ownerId)
    .executeTakeFirstOrThrow();
  return n;
}

export const insertTemplate = (tx: Tx, template: Insertable<Templates>): Promise<TemplateRow> =>
  tx.insertInto('prompt_templates').values(template).returningAll().executeTakeFirstOrThrow();

export const updateTemplate = (tx: Tx, id: string, change: Updateable<Templates>): Promise<TemplateRow | undefined> =>
  tx
    .updateTable('prompt_templates')
    .set({ ...change, updated_at: new Date() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();

export const deleteTemplate = (tx: Tx, id: string) => tx.deleteFrom('prompt_templates').where('id', '=', id).execute();
