import type { Settings } from '#lib/api-schema.ts';

type Defaults = Settings['generation'];

/** What stands in the fields of the settings: texts, as people type them. */
export interface SettingsDraft {
  model: string;
  count: string;
  steps: string;
  cfg: string;
  scheduler: string;
  shapes: { name: string; width: string; height: string }[];
}

export const toSettingsDraft = (known: Defaults): SettingsDraft => ({
  model: known.default_model_key ?? '',
  count: String(known.default_batch_size),
  steps: String(known.default_steps),
  cfg: String(known.default_cfg_scale),
  scheduler: known.default_scheduler,
  shapes: known.aspect_ratios.map(({ name, width, height }) => ({
    name,
    width: String(width),
    height: String(height),
  })),
});

/** By the names that the server gives them in its own refusals. */
export type SettingsProblems = Record<string, string>;

/** Sides of a shape, in pixels, as the server takes them. */
const [leastSide, mostSide] = [64, 4096];

/** What is sent, or what there is to mend before it can be. */
export function readSettingsDraft(draft: SettingsDraft): { change: Defaults } | { problems: SettingsProblems } {
  const problems: SettingsProblems = {};
  const number = (field: string, text: string, fits: (value: number) => boolean, message: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text.trim().replace(',', '.'));
    if (!fits(value)) problems[`generation.${field}`] = message;
    return value;
  };
  const within = (least: number, most: number) => (value: number) => value >= least && value <= most;
  const whole = (least: number, most: number) => (value: number) =>
    Number.isInteger(value) && within(least, most)(value);
  const side = (at: number, name: 'width' | 'height', text: string): number =>
    number(
      `aspect_ratios.${at}.${name}`,
      text,
      whole(leastSide, mostSide),
      `A side has ${leastSide} to ${mostSide} pixels.`,
    );

  const change: Defaults = {
    default_model_key: draft.model || null,
    default_batch_size: Number(draft.count),
    default_steps: number('default_steps', draft.steps, whole(1, 150), 'Steps are a whole number from 1 to 150.'),
    default_cfg_scale: number('default_cfg_scale', draft.cfg, within(0, 30), 'The scale is a number from 0 to 30.'),
    default_scheduler: draft.scheduler,
    aspect_ratios: draft.shapes.map(({ name, width, height }, at) => {
      if (name.trim() === '') problems[`generation.aspect_ratios.${at}.name`] = 'A shape needs a name.';
      return { name: name.trim(), width: side(at, 'width', width), height: side(at, 'height', height) };
    }),
  };
  return Object.keys(problems).length > 0 ? { problems } : { change };
}
