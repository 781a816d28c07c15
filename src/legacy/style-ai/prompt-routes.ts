import {
  changeTemplate,
  createTemplate,
  deleteTemplate,
  listTemplates,
  NewTemplate,
  TemplateChange,
} from '#features/generation/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import { id as templateId } from '#platform/http/contract.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import type { LegacyDeps } from '../deps.ts';
import { readJson } from '../read-body.ts';
import type { LegacyContext, LegacyRoute } from '../system.ts';
import { presentPrompt } from './present.ts';

/** As many as one person can have. */
const all = { limit: 500, offset: 0 };

/** Prompts that somebody keeps: the templates of the studio, under the names of then. */
export function promptRoutes(deps: LegacyDeps): LegacyRoute[] {
  return [
    {
      method: 'GET',
      path: '/prompts',
      async handle(c, user) {
        const { items } = await listTemplates(deps.photos, user, all);
        return c.json({ prompts: items.map((template) => presentPrompt(user.userId, template)) });
      },
    },
    {
      method: 'POST',
      path: '/prompts',
      async handle(c, user) {
        const { title, prompt_text, ...rest } = await readJson(c);
        if (!title || !prompt_text) {
          throw new AppError('validation_error', 'Title and prompt text are required');
        }
        const wanted = toTemplate({ title, prompt_text, style_type: 'cinematic', is_favorite: false, ...rest });
        const template = await createTemplate(deps.photos, user, requireValid(NewTemplate, wanted));
        return c.json({ message: 'Prompt saved successfully', prompt: presentPrompt(user.userId, template) }, 201);
      },
    },
    {
      method: 'PUT',
      path: '/prompts/:id',
      async handle(c, user) {
        const id = idOf(c);
        const change = requireValid(TemplateChange, toTemplate(await readJson(c)));
        const template = await changeTemplate(deps.photos, user, id, change);
        return c.json({ message: 'Prompt updated successfully', prompt: presentPrompt(user.userId, template) });
      },
    },
    {
      method: 'DELETE',
      path: '/prompts/:id',
      async handle(c, user) {
        await deleteTemplate(deps.photos, user, idOf(c));
        return c.json({ message: 'Prompt deleted successfully' });
      },
    },
  ];
}

const names = {
  title: 'name',
  prompt_text: 'prompt_text',
  style_type: 'category',
  is_favorite: 'is_favorite',
} as const;

/** What is known of a prompt, under the names of today; the rest is ignored. */
const toTemplate = (body: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(names).flatMap(([then, now]) => (body[then] === undefined ? [] : [[now, body[then]]])),
  );

function idOf(c: LegacyContext): string {
  const id = (c.req.param('id') ?? '').toLowerCase();
  if (templateId.safeParse(id).success) return id;
  throw new AppError('not_found', 'There is no such prompt.');
}
