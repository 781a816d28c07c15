import { describe, expect, it } from 'vitest';
import { readPrompt } from './read-prompt.ts';

describe('readPrompt', () => {
  it.each([
    'A mountain lake at first light, cut paper, few colours',
    'Ein Bergsee in der Morgendämmerung, Scherenschnitt, wenige Farben',
    "Un lac de montagne à l'aube, papier découpé, peu de couleurs",
    'Un lago de montaña al amanecer, papel recortado, pocos colores',
  ])('understands %s', (prompt) => {
    const { subjects, time, medium, moods } = readPrompt(prompt);
    expect([...subjects]).toEqual(expect.arrayContaining(['mountain', 'lake']));
    expect({ time, medium }).toEqual({ time: 'dawn', medium: 'paper' });
    expect(moods.has('minimal')).toBe(true);
  });

  it('leaves out what is denied, and what the negative prompt names', () => {
    const plain = readPrompt('the sea with boats, birds and clouds');
    expect([...plain.subjects].sort()).toEqual(['bird', 'boat', 'cloud', 'sea']);
    const less = readPrompt('the sea without clouds or birds, boats', 'Boote');
    expect([...less.subjects]).toEqual(['sea']);
    expect([...readPrompt('das Meer ohne Wolken').weather]).toEqual([]);
  });

  it('takes colours in the order in which they are named', () => {
    expect(readPrompt('blue hills under a red sky').hues).toEqual([255, 25]);
    expect(readPrompt('rote Berge, blauer Himmel').hues).toEqual([25, 255]);
    expect(readPrompt('hills, no blue').hues).toEqual([]);
  });

  it('is steered by words that it does not know', () => {
    expect(readPrompt('qwertz').hash).not.toBe(readPrompt('asdf').hash);
    expect(readPrompt('Grandmother’s kitchen')).toMatchObject({ words: 3, unknown: 3 });
    expect(readPrompt('')).toMatchObject({ words: 0, unknown: 0 });
  });

  it('does not take a part of a word for the word', () => {
    expect([...readPrompt('a carpet of Mondrian in the bargain').subjects]).toEqual(['geometric']);
    expect(readPrompt('the mistake').weather.size).toBe(0);
  });
});
