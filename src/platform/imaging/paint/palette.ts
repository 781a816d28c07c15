import type { Gradient } from './canvas.ts';
import { blend, chromaOf, hueOf, type Lab, lch } from './oklab.ts';
import { mix } from './random.ts';
import type { Brief, Time } from './read-prompt.ts';
import { abstracts, type Scheme, schemes } from './schemes.ts';

/** The colours of one picture. */
export interface Palette {
  readonly time: Time;
  readonly sky: readonly [top: Lab, middle: Lab, horizon: Lab];
  readonly light: Lab;
  readonly land: readonly [far: Lab, middle: Lab, near: Lab];
  readonly accent: Lab;
  /** For pictures of nothing: a ground first, the strongest contrast to it last. */
  readonly loose: readonly Lab[];
  readonly isDark: boolean;
}

const hours: readonly Time[] = ['dawn', 'day', 'sunset', 'dusk', 'dawn', 'day', 'sunset'];

/** The hour that is named, or one that suits what is; prompts that name nothing of the kind get theirs from their words. */
function hourOf(brief: Brief): Time {
  if (brief.time) return brief.time;
  const { subjects, weather, moods } = brief;
  if (subjects.has('star') || subjects.has('aurora') || subjects.has('planet') || subjects.has('moon')) return 'night';
  if (moods.has('dark') || weather.has('storm')) return 'dusk';
  if (subjects.has('sun') || moods.has('warm')) return 'sunset';
  if (moods.has('bright') || subjects.has('flower') || subjects.has('meadow') || weather.has('snow')) return 'day';
  return hours[brief.hash % hours.length] as Time;
}

interface Choice {
  /** Seeds that follow each other, as those of a batch do, take schemes in turn. */
  readonly scheme: number;
  /** Degrees that its hues turn. */
  readonly turn: number;
  /** What `cfg_scale` asks for, 0 to 1: how strongly what is named shows. */
  readonly literal: number;
}

/** Chooses the colours: a scheme of the hour, turned a little, then bent to the colours and moods that are named. */
export function choosePalette(brief: Brief, { scheme: seed, turn, literal }: Choice): Palette {
  const time = hourOf(brief);
  const of = schemes[time];
  const scheme = of[(mix(brief.hash) + seed) % of.length] as Scheme;
  const bend = bender(brief, time, literal, turn);
  const loose = abstracts[(mix(brief.hash ^ 5) + seed) % abstracts.length] as (typeof abstracts)[number];
  return {
    time,
    sky: [bend(scheme.sky[0], 'sky'), bend(scheme.sky[1], 'sky'), bend(scheme.sky[2], 'horizon')],
    light: bend(scheme.light, 'light'),
    land: [bend(scheme.land[0], 'land'), bend(scheme.land[1], 'land'), bend(scheme.land[2], 'land')],
    accent: bend(scheme.accent, 'accent'),
    loose: looseColours(brief, loose, bend),
    isDark: time === 'night' || time === 'dusk',
  };
}

type Lch = readonly [number, number, number];
type Part = 'sky' | 'horizon' | 'light' | 'land' | 'accent' | 'ground' | 'loose';

function bender(brief: Brief, time: Time, literal: number, turn: number) {
  const { moods, hues, season } = brief;
  const strength = 0.6 + 0.8 * literal;
  const colourfulness =
    (moods.has('monochrome') ? 0.06 : 1) *
    (moods.has('vivid') ? 1 + 0.3 * strength : 1) *
    (moods.has('muted') ? 1 - 0.4 * strength : 1) *
    (0.88 + 0.24 * literal);
  const lift = ((moods.has('bright') ? 0.05 : 0) - (moods.has('dark') ? 0.07 : 0)) * strength;
  const warmth = ((moods.has('warm') ? 0.03 : 0) - (moods.has('cold') ? 0.03 : 0)) * strength;
  return ([l, c, h]: Lch, part: Part): Lab => {
    let hue = h + turn;
    let chroma = c * colourfulness;
    if (season === 'autumn' && part === 'land') [hue, chroma] = [towards(hue, 45, 0.8), Math.max(chroma, 0.09)];
    if (season === 'spring' && part === 'land') [hue, chroma] = [towards(hue, 135, 0.5), chroma * 1.1];
    if (part === 'land') [hue, chroma] = ground(brief, time, hue, chroma);
    if (hues.length) {
      const which = part === 'land' ? 1 : part === 'accent' ? hues.length - 1 : 0;
      const goal = hues[which % hues.length] as number;
      const pull = part === 'light' || part === 'horizon' ? 0.5 : part === 'land' && hues.length === 1 ? 0.7 : 0.9;
      hue = towards(hue, goal, Math.min(1, pull * (0.7 + 0.4 * literal)));
      chroma = Math.max(chroma, part === 'light' ? 0.03 : 0.05);
    }
    const colour = lch(part === 'light' ? l : l + lift * (1 - Math.abs(l - 0.5)), chroma, hue);
    const cold = warmth < 0 ? 0.4 : 1;
    return warmth === 0 ? colour : refit([colour[0], colour[1] + warmth * 0.5 * cold, colour[2] + warmth * 1.3]);
  };
}

/** Of a picture of nothing: where colours are named, the ground and the strongest contrast alone are the scheme's. */
function looseColours(brief: Brief, scheme: readonly Lch[], bend: ReturnType<typeof bender>): Lab[] {
  if (!brief.hues.length || brief.moods.has('monochrome')) {
    return scheme.map((colour, at) => bend(colour, at === 0 ? 'ground' : 'loose'));
  }
  const last = scheme.length - 1;
  return scheme.map(([l, c, h], at) => {
    if (at === 0 || at === last) return lch(l, c, h);
    const hue = brief.hues[(at - 1) % brief.hues.length] as number;
    const turn = Math.floor((at - 1) / brief.hues.length);
    // The second time round a colour is lighter and paler, the third time darker.
    return lch(lightestAt(hue) + ([0, 0.13, -0.14][turn % 3] as number), 0.17 - 0.05 * (turn % 3), hue + turn * 8);
  });
}

/** The lightness at which a hue is most itself: yellow is light, blue is dark. */
const lightestAt = (hue: number): number => 0.62 + 0.17 * Math.cos(((hue - 100) * Math.PI) / 180);

/** Sand is yellow and meadows are green wherever there is light to see it by. */
function ground({ subjects, season }: Brief, time: Time, hue: number, chroma: number): [number, number] {
  const light = { dawn: 0.55, day: 0.85, sunset: 0.45, dusk: 0.25, night: 0.1 }[time];
  if (subjects.has('desert')) return [towards(hue, 58, light), Math.max(chroma, 0.1 * light)];
  const grows = subjects.has('meadow') || subjects.has('flower') || subjects.has('forest') || subjects.has('hill');
  return grows && season !== 'autumn' && !subjects.has('mountain')
    ? [towards(hue, 142, light * 0.85), chroma]
    : [hue, chroma];
}

/** Turns a hue towards another the short way round. */
function towards(hue: number, goal: number, share: number): number {
  const way = ((goal - hue + 540) % 360) - 180;
  return hue + way * share;
}

/** The same colour within what sRGB can show. */
export const refit = (colour: Lab): Lab => lch(colour[0], chromaOf(colour), hueOf(colour));

/** Land at a distance: 0 is the farthest, 1 what stands before the spectator. */
export function landAt({ land: [far, middle, near] }: Palette, depth: number): Lab {
  return depth < 0.5 ? blend(far, middle, depth * 2) : blend(middle, near, depth * 2 - 1);
}

export const skyGradient = ({ sky: [top, middle, horizon] }: Palette): Gradient => [
  [0, top],
  [0.5, middle],
  [1, horizon],
];
