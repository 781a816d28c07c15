import { z } from '@hono/zod-openapi';
import { dateTime, flag, id, line, listOf, page } from '#platform/http/contract.ts';
import { negativePrompt, prompt } from './contract.ts';

const name = line(100, 'A name can be 100 characters at the most.').refine((text) => text !== '', 'Give it a name.');
const description = line(500, 'A description can be 500 characters at the most.').transform((text) => text || null);
const category = line(50, 'A category can be 50 characters at the most.').transform((text) => text || null);

export const Template = z
  .strictObject({
    id,
    name: z.string(),
    description: z.string().nullable(),
    prompt_text: z.string(),
    negative_prompt: z.string().nullable(),
    category: z.string().nullable(),
    is_favorite: z.boolean(),
    created_at: dateTime,
    updated_at: dateTime,
  })
  .openapi('PromptTemplate');
export const TemplateList = listOf(Template).openapi('PromptTemplateList');

export const TemplateQuery = z.strictObject({
  ...page,
  favorite: flag.optional(),
  category: z.string().max(100).optional(),
});

const fields = {
  name,
  description: description.nullable().optional(),
  prompt_text: prompt,
  negative_prompt: negativePrompt.nullable().optional(),
  category: category.nullable().optional(),
  is_favorite: z.boolean().optional(),
};
export const NewTemplate = z.strictObject(fields);
export const TemplateChange = z
  .strictObject(fields)
  .partial()
  .refine((change) => Object.keys(change).length > 0, 'Name something to change.');
