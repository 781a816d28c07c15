import { expect, test } from 'vitest';
import { readPrompt } from './read-prompt.ts';

test.each([
  ['Create an image of a lake at dawn', 'A lake at dawn', 'create'],
  ['make an image of boats, few colours', 'Boats, few colours', 'create'],
  ['Please make me some pictures of the sea', 'The sea', 'create'],
  ['could you please generate a picture showing a town', 'A town', 'create'],
  ['draw a fox', 'A fox', 'create'],
  ['Draw me foxes', 'Foxes', 'create'],
  ['draw: foxes in snow', 'Foxes in snow', 'create'],
  ['Create a watercolour of a lake', 'A watercolour of a lake', 'create'],
  ['change it to warmer, mist on the water', 'warmer, mist on the water', 'change'],
  ['Turn this into a night scene', 'a night scene', 'change'],
  ['make it more blue', 'more blue', 'change'],
  ['Create an image of ', '', 'create'],
])('%s', (written, prompt, intent) => {
  expect(readPrompt(written)).toEqual({ prompt, intent });
});

test.each([
  'A mountain lake, cut paper',
  'Drawbridge at night',
  'Paint peeling off a door',
  'make-believe',
  'draw',
  '',
])('what is no such beginning stays as it is: %s', (written) =>
  expect(readPrompt(` ${written} `)).toEqual({ prompt: written, intent: null }),
);
