import { expect, test } from 'vitest';
import { closeTopLayer, openLayer } from './layers.ts';

test('closes the latest layer first, and each once', () => {
  const closed: string[] = [];
  openLayer(() => closed.push('selection'));
  openLayer(() => closed.push('lightbox'));
  expect(closeTopLayer()).toBe(true);
  expect(closeTopLayer()).toBe(true);
  expect(closeTopLayer()).toBe(false);
  expect(closed).toEqual(['lightbox', 'selection']);
});

test('a layer that went another way is passed over', () => {
  const closed: string[] = [];
  const selectionGone = openLayer(() => closed.push('selection'));
  const lightboxGone = openLayer(() => closed.push('lightbox'));
  lightboxGone();
  lightboxGone();
  expect(closeTopLayer()).toBe(true);
  selectionGone();
  expect(closeTopLayer()).toBe(false);
  expect(closed).toEqual(['selection']);
});

test('a layer may open another while it closes', () => {
  const closed: string[] = [];
  openLayer(() => {
    closed.push('dialog');
    openLayer(() => closed.push('question'));
  });
  closeTopLayer();
  expect(closeTopLayer()).toBe(true);
  expect(closed).toEqual(['dialog', 'question']);
});
