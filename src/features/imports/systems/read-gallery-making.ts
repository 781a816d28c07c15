import { z } from 'zod';
import type { EarlierMaking } from '../earlier-system.ts';
import type { Row } from './rows.ts';

/** A row of `generation_steps`. */
export type GalleryStep = Row;

const number = z.number().optional().catch(undefined);
const count = z.number().int().min(0).optional().catch(undefined);
const text = z
  .string()
  .transform((value) => clean(value, 500))
  .optional()
  .catch(undefined);
// Whatever is not as it should be is left out; the rest still tells something.
const Parameters = z
  .object({
    model_key: text,
    model_hash: text,
    model_name: text,
    vae_key: text,
    seed: count,
    steps: count,
    cfg_scale: number,
    scheduler: text,
    width: count,
    height: count,
  })
  .catch({});

const mostPrompt = 4000;

/**
 * How photo-gallery made a picture, from its row and from the step that it is of. The row holds, which InvokeAI's own answer filled.
 * @param models names of models by their keys
 */
export function readGalleryMaking(
  row: Row,
  step: GalleryStep | undefined,
  models: ReadonlyMap<string, string>,
): Pick<EarlierMaking, 'prompt' | 'recipe'> {
  const known = { ...told(step?.parameters), ...told(row.generation_params) };
  const model_key = known.model_key ?? row.model_key ?? step?.model_key ?? undefined;
  const model_name = known.model_name ?? models.get(model_key ?? '');
  const prompt = clean(row.generation_prompt || step?.prompt, mostPrompt);
  const negative_prompt = clean(row.generation_negative_prompt || step?.negative_prompt, mostPrompt);
  return {
    ...(prompt ? { prompt } : {}),
    recipe: {
      tool: 'InvokeAI',
      ...known,
      ...(model_key ? { model_key } : {}),
      ...(model_name ? { model_name } : {}),
      ...(negative_prompt ? { negative_prompt } : {}),
    },
  };
}

function told(json: string | null | undefined): z.infer<typeof Parameters> {
  const parsed = Parameters.parse(parse(json));
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined && value !== ''));
}

function parse(json: string | null | undefined): unknown {
  try {
    return JSON.parse(json ?? '{}');
  } catch {
    return {};
  }
}

// PostgreSQL's text has no NUL.
function clean(value: string | null | undefined, most: number): string {
  return [...(value ?? '').replaceAll('\0', '').toWellFormed()].slice(0, most).join('');
}
