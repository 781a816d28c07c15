import type { StudioModel } from '#lib/api-schema.ts';
import type { Draft } from './draft.ts';
import { readPrompt } from './read-prompt.ts';

/** Which of the fields have what to be said about; in the order in which they are looked at. */
export type DraftProblems = Partial<Record<'text' | 'source' | 'negative' | 'seed' | 'steps' | 'cfg', string>>;

const longest = 4000;
const lastSeed = 2 ** 32 - 1;

/** Holds a draft against what the model can, before anything is sent. The server looks again. */
export function checkDraft(draft: Draft, model: StudioModel, hasSource: boolean): DraftProblems {
  const { limits, name, capabilities } = model;
  const problems: DraftProblems = {};
  const { prompt } = readPrompt(draft.text);
  if (prompt === '') problems.text = 'Say what the picture is to show.';
  else if (prompt.length > longest) problems.text = `A prompt can be ${longest} characters at the most.`;
  if (hasSource && !capabilities.from_photo) {
    problems.source = `“${name}” cannot start from a picture. Take the picture away, or choose another model.`;
  }
  if (draft.negative.length > longest) problems.negative = `This can be ${longest} characters at the most.`;
  const seed = asNumber(draft.seed);
  if (seed !== null && (!Number.isInteger(seed) || seed < 0 || seed > lastSeed)) {
    problems.seed = `A seed is a whole number from 0 to ${lastSeed}. Leave it empty to have one drawn.`;
  }
  const steps = asNumber(draft.steps);
  if (steps !== null && !(Number.isInteger(steps) && steps >= limits.min_steps && steps <= limits.max_steps)) {
    problems.steps = `“${name}” takes ${span(limits.min_steps, limits.max_steps)} steps.`;
  }
  const cfg = asNumber(draft.cfg);
  if (cfg !== null && !(cfg >= limits.min_cfg_scale && cfg <= limits.max_cfg_scale)) {
    problems.cfg = `“${name}” takes a scale of ${span(limits.min_cfg_scale, limits.max_cfg_scale)}.`;
  }
  return problems;
}

const span = (least: number, most: number): string => (least === most ? String(least) : `${least} to ${most}`);
/** Null for what is left empty; NaN for what is no number. */
const asNumber = (text: string): number | null => (text.trim() === '' ? null : Number(text.trim()));
