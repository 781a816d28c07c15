import * as lexicon from './lexicon.ts';
import { hashText } from './random.ts';

export type Subject = keyof typeof lexicon.subjects;
export type Time = keyof typeof lexicon.times;
export type Weather = keyof typeof lexicon.weathers;
export type Medium = keyof typeof lexicon.media;
export type Mood = keyof typeof lexicon.moods;
export type Season = keyof typeof lexicon.seasons;
export type Bloom = keyof typeof lexicon.blooms;

/** What the painter takes from a prompt. */
export interface Brief {
  readonly subjects: ReadonlySet<Subject>;
  readonly time: Time | null;
  readonly weather: ReadonlySet<Weather>;
  /** Null where none is named: it is chosen by `hash` then. */
  readonly medium: Medium | null;
  readonly moods: ReadonlySet<Mood>;
  readonly season: Season | null;
  readonly bloom: Bloom | null;
  /** In the order in which they are named, in degrees. */
  readonly hues: readonly number[];
  /** 32 bits of all its words, known or not: what is not understood steers all the same. */
  readonly hash: number;
  /** How many words there are, and how many of them mean nothing to the painter. */
  readonly words: number;
  readonly unknown: number;
}

type Words<Concept extends string> = ReadonlyMap<Concept, RegExp>;

const subjectWords = compiled(lexicon.subjects);
const timeWords = compiled(lexicon.times);
const weatherWords = compiled(lexicon.weathers);
const mediumWords = compiled(lexicon.media);
const moodWords = compiled(lexicon.moods);
const seasonWords = compiled(lexicon.seasons);
const bloomWords = compiled(lexicon.blooms);
const hueWords = compiled(lexicon.hues as Record<string, string>);

const everyWord = [subjectWords, timeWords, weatherWords, mediumWords, moodWords, seasonWords, hueWords].flatMap(
  (words) => [...words.values()],
);
const denied =
  / (?:no|not|without|ohne|kein|keine|keinen|sans|sin|pas de) ([a-z0-9]+(?: (?:or|oder|ou|ni|nor) [a-z0-9]+)*)/g;

/** Reads a prompt; what the negative one names, or the prompt itself denies ("no boats", "ohne Wolken"), is left out. */
export function readPrompt(prompt: string, negative = ''): Brief {
  const given = normalised(prompt);
  const refused = `${normalised(negative)}${[...given.matchAll(denied)].map(([, word]) => `${word} `).join('')}`;
  const text = given.replaceAll(denied, ' ');
  const not = foundIn(refused, subjectWords);
  const notWeather = foundIn(refused, weatherWords);
  const words = text.split(' ').filter(Boolean);
  return {
    subjects: without(foundIn(text, subjectWords), not),
    time: first(without(foundIn(text, timeWords), foundIn(refused, timeWords)), text, timeWords),
    weather: without(foundIn(text, weatherWords), notWeather),
    medium: first(foundIn(text, mediumWords), text, mediumWords),
    moods: without(foundIn(text, moodWords), foundIn(refused, moodWords)),
    season: first(foundIn(text, seasonWords), text, seasonWords),
    bloom: first(foundIn(text, bloomWords), text, bloomWords),
    hues: hueNames(text, refused),
    hash: hashText(words.join(' ')),
    words: words.length,
    unknown: words.filter((word) => !everyWord.some((known) => known.test(` ${word} `))).length,
  };
}

function hueNames(text: string, refused: string): number[] {
  const named = [...without(foundIn(text, hueWords), foundIn(refused, hueWords))];
  return named.sort((one, other) => placeOf(one, text, hueWords) - placeOf(other, text, hueWords)).map(Number);
}

/** Lower case, without accents or punctuation, one space around each word. */
function normalised(text: string): string {
  const plain = text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss');
  return ` ${plain.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim()} `;
}

function compiled<Concept extends string>(from: Readonly<Record<Concept, string>>): Words<Concept> {
  return new Map(
    Object.entries<string>(from).map(([concept, stems]) => [
      concept as Concept,
      new RegExp(stems.split(' ').map(patternOf).join('|'), 'u'),
    ]),
  );
}

function patternOf(stem: string): string {
  return stem.endsWith('-') ? ` ${stem.slice(0, -1).replaceAll('-', ' ')}\\p{L}* ` : ` ${stem.replaceAll('-', ' ')} `;
}

const foundIn = <Concept extends string>(text: string, words: Words<Concept>): Set<Concept> =>
  new Set([...words].flatMap(([concept, pattern]) => (pattern.test(text) ? [concept] : [])));

const without = <Concept>(found: Set<Concept>, not: ReadonlySet<Concept>): Set<Concept> =>
  new Set([...found].filter((concept) => !not.has(concept)));

/** The one that is named first. */
function first<Concept extends string>(found: Set<Concept>, text: string, words: Words<Concept>): Concept | null {
  return [...found].sort((one, other) => placeOf(one, text, words) - placeOf(other, text, words))[0] ?? null;
}

const placeOf = <Concept extends string>(concept: Concept, text: string, words: Words<Concept>): number =>
  words.get(concept)?.exec(text)?.index ?? Infinity;
