import { describe, expect, test } from 'vitest';
import type { StudioModel, StudioStep } from '#lib/api-schema.ts';
import { checkDraft } from './check-draft.ts';
import { draftOfPhoto, draftOfStep, emptyDraft, fitShape, readDraft, stepLike, toNewStep } from './draft.ts';

const model: StudioModel = {
  key: 'm',
  hash: 'h',
  name: 'The painter',
  type: 'main',
  base: 'painter',
  description: null,
  backend: 'painter',
  compatible_vae: [],
  default_params: { width: 1024, height: 1024, steps: 30, cfg_scale: 7.5, scheduler: 'euler' },
  limits: {
    multiple_of: 8,
    min_side: 256,
    max_side: 2048,
    max_pixels: 1024 * 1024,
    min_steps: 1,
    max_steps: 50,
    min_cfg_scale: 0,
    max_cfg_scale: 20,
    schedulers: ['euler'],
  },
  capabilities: { from_photo: true, progress: true, cancel_one: true, negative_prompt: true, seeds: true },
  destination: null,
  is_favorite: false,
};
const shapes = [{ name: 'Square', width: 1024, height: 1024 }];
const step: StudioStep = {
  id: 's1',
  session_id: 'a',
  parent_id: null,
  source_image_id: null,
  prompt: 'a lake',
  negative_prompt: 'people',
  parameters: {
    model_key: 'm',
    model_hash: 'h',
    width: 832,
    height: 1216,
    steps: 20,
    cfg_scale: 5,
    scheduler: 'euler',
    batch_size: 3,
    seed: 9,
    strength: 0.3,
  },
  model_key: 'm',
  model_hash: 'h',
  model_name: 'The painter',
  backend: 'painter',
  batch_id: 'b',
  correlation_id: 'c',
  status: 'completed',
  error: null,
  position: 1,
  selected_image_id: null,
  created_at: '',
  started_at: null,
  finished_at: null,
};

describe('a draft is sent', () => {
  test('with what was set alone, in the first of the shapes', () => {
    expect(toNewStep({ ...emptyDraft(), text: 'Create an image of a lake' }, { model, shapes, source: null })).toEqual({
      prompt: 'A lake',
      parameters: { model_key: 'm', model_hash: 'h', width: 1024, height: 1024 },
      from_scratch: true,
    });
  });
  test('from a picture in its shape, as alike as was asked for', () => {
    const draft = { ...emptyDraft(), text: 'warmer', likeness: 60, count: 2, seed: ' 7 ' };
    expect(toNewStep(draft, { model, shapes, source: { id: 'p', stepId: 's1' } })).toEqual({
      prompt: 'warmer',
      parameters: { model_key: 'm', model_hash: 'h', batch_size: 2, seed: 7, strength: 0.4 },
      source_image_id: 'p',
      parent_id: 's1',
    });
  });
  test('without what the model cannot take', () => {
    const unable = { ...model, capabilities: { ...model.capabilities, negative_prompt: false, seeds: false } };
    const sent = toNewStep(
      { ...emptyDraft(), text: 'x', negative: 'people', seed: '7', scheduler: 'gone' },
      { model: unable, shapes, source: null },
    );
    expect(sent.negative_prompt).toBeUndefined();
    expect(sent.parameters).toEqual({ model_key: 'm', model_hash: 'h', width: 1024, height: 1024 });
  });
});

test('a step is recalled whole', () => {
  expect(draftOfStep(step)).toEqual({
    text: 'a lake',
    negative: 'people',
    shape: { width: 832, height: 1216 },
    count: 3,
    likeness: 70,
    seed: '9',
    steps: '20',
    cfg: '5',
    scheduler: 'euler',
    modelKey: 'm',
    vaeKey: '',
  });
});

test('of a photo as much is recalled as it tells, and as the model that is here understands', () => {
  const photo = {
    generation_prompt: 'a lake',
    generation_negative_prompt: null,
    generation_params: { model_key: 'm', seed: 3, steps: 12 },
    width: 640,
    height: 480,
  };
  expect(draftOfPhoto(photo, [model])).toMatchObject({
    text: 'a lake',
    shape: { width: 640, height: 480 },
    seed: '3',
    steps: '12',
    modelKey: 'm',
  });
  expect(draftOfPhoto(photo, [])).toMatchObject({ seed: '3', steps: '', modelKey: null });
});

test('one that was not made is asked for with its own seed', () => {
  expect(stepLike(step, { seed: 11 })).toMatchObject({
    prompt: 'a lake',
    parameters: { seed: 11, batch_size: 1, width: 832 },
    from_scratch: true,
  });
});

test.each([
  [
    { width: 1024, height: 1024 },
    { width: 1024, height: 1024 },
  ],
  [
    { width: 2048, height: 1024 },
    { width: 1448, height: 720 },
  ],
  [
    { width: 100, height: 200 },
    { width: 256, height: 512 },
  ],
  [
    { width: 830, height: 1210 },
    { width: 824, height: 1208 },
  ],
  [
    { width: 4096, height: 64 },
    { width: 2048, height: 256 },
  ],
])('%j fits as %j', (asked, fitted) => expect(fitShape(asked, model.limits)).toEqual(fitted));

describe('what is held against the model', () => {
  const of = (change: Partial<ReturnType<typeof emptyDraft>>, hasSource = false, by = model) =>
    checkDraft({ ...emptyDraft(), text: 'a lake', ...change }, by, hasSource);
  test('a prompt and nothing else is enough', () => expect(of({})).toEqual({}));
  test.each([
    [{ text: ' ' }, 'text', /Say what/],
    [{ text: 'Create an image of' }, 'text', /Say what/],
    [{ text: 'x'.repeat(4001) }, 'text', /4000/],
    [{ negative: 'x'.repeat(4001) }, 'negative', /4000/],
    [{ seed: '-1' }, 'seed', /4294967295/],
    [{ seed: 'seven' }, 'seed', /whole number/],
    [{ steps: '51' }, 'steps', /1 to 50/],
    [{ steps: '2.5' }, 'steps', /1 to 50/],
    [{ cfg: '21' }, 'cfg', /0 to 20/],
  ] as const)('%j: %s', (change, field, sentence) => expect(of(change)[field]).toMatch(sentence));
  test('a source, where the model takes none', () => {
    const unable = { ...model, capabilities: { ...model.capabilities, from_photo: false } };
    expect(of({}, true, unable).source).toMatch(/cannot start from a picture/);
  });
});

test('a draft that a browser kept is read as far as it is one', () => {
  const draft = { ...emptyDraft(), text: 'a lake', shape: { width: 8, height: 8 }, count: 2 };
  expect(readDraft(JSON.parse(JSON.stringify(draft)))).toEqual(draft);
  for (const kept of [null, 'x', 7, { text: 5, shape: 'wide', count: '2' }])
    expect(readDraft(kept)).toEqual(emptyDraft());
});
