import { expect, test } from 'vitest';
import { originOf } from './origin.ts';

const iptc = 'http://cv.iptc.org/newscodes/digitalsourcetype/';
const told = { digital_source_type: null, generation_prompt: null, style: null, generation_params: {} };

test.each([
  ['uploaded', null, 'Taken, not made', null],
  ['uploaded', told, 'Taken, not made', null],
  ['uploaded', { ...told, digital_source_type: `${iptc}digitalCapture` }, 'Taken, not made', null],
  ['uploaded', { ...told, digital_source_type: `${iptc}trainedAlgorithmicMedia` }, 'Made elsewhere', 'AI'],
  [
    'uploaded',
    { ...told, digital_source_type: `${iptc}compositeWithTrainedAlgorithmicMedia` },
    'Taken, and changed with AI',
    'AI',
  ],
  [
    'uploaded',
    { ...told, generation_prompt: 'a lake', generation_params: { tool: 'ComfyUI' } },
    'Made elsewhere, with ComfyUI',
    null,
  ],
  ['generated', { ...told, digital_source_type: `${iptc}algorithmicMedia` }, 'Made in the studio', 'Made by rules'],
  ['generated', { ...told, digital_source_type: `${iptc}trainedAlgorithmicMedia` }, 'Made in the studio', 'AI'],
  ['generated', null, 'Made in the studio', null],
] as const)('%s, %j: %s', (kind, metadata, title, badge) => {
  expect(originOf(kind, metadata)).toMatchObject({ title, badge });
});

test('a picture of the studio tells its prompt', () => {
  expect(originOf('generated', { ...told, generation_prompt: 'a lake' }).text).toBe('a lake');
});
