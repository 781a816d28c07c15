import { expect, test } from 'vitest';
import { readSettingsDraft, toSettingsDraft } from './settings-draft.ts';

const known = {
  default_steps: 30,
  default_cfg_scale: 7.5,
  default_scheduler: 'euler',
  default_batch_size: 4,
  default_model_key: null,
  aspect_ratios: [{ name: 'Square', width: 1024, height: 1024 }],
};

test('what is shown is what was known, and comes back as it was', () => {
  expect(readSettingsDraft(toSettingsDraft(known))).toEqual({ change: known });
});

test('a comma is a point, and spaces are none of it', () => {
  const draft = {
    ...toSettingsDraft(known),
    cfg: ' 6,5 ',
    shapes: [{ name: ' Wide ', width: ' 1536', height: '640 ' }],
  };
  expect(readSettingsDraft(draft)).toMatchObject({
    change: { default_cfg_scale: 6.5, aspect_ratios: [{ name: 'Wide', width: 1536, height: 640 }] },
  });
});

test('each field that cannot be sent says what it takes', () => {
  const shapes = [
    { name: 'Square', width: '1024', height: '1024' },
    { name: ' ', width: '63', height: '4097' },
    { name: 'x', width: '', height: '100.5' },
  ];
  const result = readSettingsDraft({ ...toSettingsDraft(known), steps: '0', cfg: 'much', shapes });
  expect(result).toEqual({
    problems: {
      'generation.default_steps': 'Steps are a whole number from 1 to 150.',
      'generation.default_cfg_scale': 'The scale is a number from 0 to 30.',
      'generation.aspect_ratios.1.name': 'A shape needs a name.',
      'generation.aspect_ratios.1.width': 'A side has 64 to 4096 pixels.',
      'generation.aspect_ratios.1.height': 'A side has 64 to 4096 pixels.',
      'generation.aspect_ratios.2.width': 'A side has 64 to 4096 pixels.',
      'generation.aspect_ratios.2.height': 'A side has 64 to 4096 pixels.',
    },
  });
});
