import { expect, test } from 'vitest';
import { tellKind } from './tell-kind.ts';

test.each([
  ['a film', 'IMG_1.MP4', '....', 'video'],
  ['a film without its name', 'IMG_1', '\0\0\0\x18ftypmp42', 'video'],
  ['a raw file', 'IMG_1.nef', 'MM\0*', 'raw'],
  ['a raw file in a film’s container', 'IMG_1.CR3', '\0\0\0\x18ftypcrx ', 'raw'],
  ['neither', 'notes.txt', 'notes', 'not_a_picture'],
  ['nothing', 'IMG_1.CR3', '', 'empty'],
])('%s is told', (_, name, head, kind) => {
  expect(tellKind(name, Buffer.from(head, 'latin1'))).toBe(kind);
});
