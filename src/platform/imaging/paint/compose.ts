import { composeAbstract } from './abstract.ts';
import { composeBouquet } from './bouquet.ts';
import { composeLandscape } from './landscape.ts';
import type { Brief, Subject } from './read-prompt.ts';
import type { Scene, Setting } from './scene.ts';

const scenic: readonly Subject[] = [
  'mountain',
  'hill',
  'lake',
  'sea',
  'forest',
  'desert',
  'city',
  'meadow',
  'moon',
  'sun',
  'star',
  'aurora',
  'cloud',
  'boat',
  'house',
  'lighthouse',
  'bird',
  'balloon',
  'palm',
  'cat',
  'deer',
  'person',
  'planet',
];
const loose: readonly Subject[] = ['abstract', 'geometric', 'pattern', 'flow'];

type Kind = 'landscape' | 'bouquet' | 'abstract';

/** What kind of picture a prompt asks for; one that names nothing the painter knows gets what its words come out at. */
export function kindOf({ subjects, time, weather, season, hash, unknown }: Brief): Kind {
  const hasAny = (of: readonly Subject[]) => of.some((subject) => subjects.has(subject));
  if (hasAny(loose) && !hasAny(scenic)) return 'abstract';
  if (subjects.has('bouquet')) return 'bouquet';
  if (hasAny(scenic)) return 'landscape';
  if (subjects.has('flower')) return season || time ? 'landscape' : 'bouquet';
  if (time || weather.size || season) return 'landscape';
  return unknown > 0 && hash % 5 < 2 ? 'abstract' : 'landscape';
}

const ways: Readonly<Record<Kind, (setting: Setting) => Scene>> = {
  landscape: composeLandscape,
  bouquet: composeBouquet,
  abstract: composeAbstract,
};

/** Puts a picture together: what is where, and in which colour. Nothing is painted yet. */
export const compose = (setting: Setting): Scene => ways[kindOf(setting.brief)](setting);
