import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { GenerationDeps } from './deps.ts';
import { lockAsker } from './step-store.ts';
import type { GenerationTables } from './tables.ts';
import type { NewTemplate, Template, TemplateChange, TemplateQuery } from './template-contract.ts';
import * as store from './template-store.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database'>;

/** More than anybody looks through. */
const mostTemplates = 500;

export async function listTemplates(deps: Deps, caller: Caller, query: z.infer<typeof TemplateQuery>) {
  const user = requireAllowed(caller, 'template.list');
  const { limit, offset } = query;
  const { items, total } = await deps.database.as(user.principal, (tx: Tx) =>
    store.listTemplates(tx, user.userId, query, { limit, offset }),
  );
  return { items: items.map(present), total, limit, offset };
}

/** @throws AppError `conflict` with 500 templates already */
export async function createTemplate(deps: Deps, caller: Caller, template: z.infer<typeof NewTemplate>) {
  const user = requireAllowed(caller, 'template.create');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await lockAsker(tx, user.userId);
    if ((await store.countTemplates(tx, user.userId)) >= mostTemplates) {
      throw new AppError('conflict', `You have ${mostTemplates} templates. Delete some that you do not need.`);
    }
    const { description = null, negative_prompt: negative = null, category = null, ...rest } = template;
    const row = { id: uuidv7(), owner_id: user.userId, description, negative_prompt: negative, category, ...rest };
    return present(await store.insertTemplate(tx, row));
  });
}

export async function changeTemplate(deps: Deps, caller: Caller, id: string, change: z.infer<typeof TemplateChange>) {
  const user = requireAllowed(caller, 'template.change');
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'template.change', [id]);
    const row = await store.updateTemplate(tx, id, change);
    if (!row) throw new AppError('not_found', 'There is no such template.');
    return present(row);
  });
}

export async function deleteTemplate(deps: Deps, caller: Caller, id: string): Promise<void> {
  const user = requireAllowed(caller, 'template.change');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'template.change', [id]);
    await store.deleteTemplate(tx, id);
  });
}

const present = (row: store.TemplateRow): z.infer<typeof Template> => ({
  id: row.id,
  name: row.name,
  description: row.description,
  prompt_text: row.prompt_text,
  negative_prompt: row.negative_prompt,
  category: row.category,
  is_favorite: row.is_favorite,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});
