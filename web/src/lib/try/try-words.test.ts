import { expect, test } from 'vitest';
import { nameOfTried } from './tried-pictures.ts';
import { keepingWords } from './try-words.ts';

test('a picture is called as the studio calls it, whatever was asked for', () => {
  expect(nameOfTried({ prompt: 'A lake, at dusk: “cut paper”', seed: 7 })).toBe('A lake at dusk cut paper 7.jpg');
  expect(nameOfTried({ prompt: '../../etc/passwd', seed: 7 })).toBe('etc passwd 7.jpg');
  expect(nameOfTried({ prompt: '***', seed: 7 })).toBe('picture 7.jpg');
});

test('where pictures are is said of one and of many, and of a browser that keeps none', () => {
  expect(keepingWords(1, false).title).toBe('1 picture, kept in this browser');
  expect(keepingWords(4, false).title).toBe('4 pictures, kept in this browser');
  expect(keepingWords(4, true).title).toBe('4 pictures, gone with this page');
});
