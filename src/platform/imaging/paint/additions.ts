import type { Sky } from './find-sky.ts';
import { lch } from './oklab.ts';
import { disc, placed, stroke } from './outlines.ts';
import type { Random } from './random.ts';
import type { Brief } from './read-prompt.ts';
import type { Layer } from './scene.ts';
import { flat } from './sky.ts';
import { bird, sailboat } from './things.ts';

interface Request {
  readonly brief: Brief;
  readonly random: Random;
  /** In units. */
  readonly width: number;
  readonly height: number;
  readonly sky: Sky;
  /** 0 to 1. */
  readonly strength: number;
}

/** `behind` is what stands in the sky: the land hides it. */
interface Addition {
  readonly layer: Layer;
  readonly behind: boolean;
}

/** What a prompt puts into a picture that is there already: a sun, a moon, stars, mist, weather, birds, a boat. */
export function additions({ brief, random, width, height, sky, strength }: Request): Addition[] {
  const { subjects, weather, time } = brief;
  const horizon = sky.horizon === null ? null : sky.horizon * height;
  const out: Addition[] = [];
  const see = (layer: Layer, behind = false) => out.push({ layer, behind });
  const x = width * (random.chance(0.5) ? random.between(0.24, 0.4) : random.between(0.6, 0.78));
  if (horizon !== null) {
    const edge =
      (sky.line[Math.min(sky.line.length - 1, Math.round((x / width) * sky.line.length))] as number) * height;
    if (weather.has('clouds') || weather.has('storm')) {
      const dark = weather.has('storm');
      see(
        {
          kind: 'clouds',
          top: 0,
          bottom: horizon,
          amount: dark ? 1 : 0.75,
          lit: lch(dark ? 0.5 : 0.95, 0.02, 80),
          shade: lch(dark ? 0.3 : 0.75, 0.03, 260),
        },
        true,
      );
    }
    if (time === 'night' || subjects.has('star')) {
      const stars = Array.from({ length: 160 }, () =>
        disc(random() * width, random() ** 1.3 * horizon, 0.0009 + 0.002 * random() ** 4, 8),
      );
      see({ ...flat(stars, lch(0.95, 0.03, 95), 0), detail: true, opacity: [0.9 * strength, 0.9 * strength] }, true);
    }
    if (subjects.has('aurora'))
      see(
        {
          kind: 'aurora',
          y: horizon * 0.6,
          height: horizon * 0.5,
          colours: [lch(0.86, 0.17, 160), lch(0.55, 0.18, 310)],
        },
        true,
      );
    if (subjects.has('sun') || subjects.has('moon')) {
      const isMoon = subjects.has('moon');
      const colour = isMoon ? lch(0.95, 0.025, 95) : lch(0.975, 0.065, 88);
      const radius = isMoon ? 0.042 : 0.055;
      const y = isMoon ? edge * random.between(0.3, 0.5) : edge - radius * random.between(0.35, 0.8);
      see({ kind: 'glow', x, y, radius: radius * 7, colour, strength: (isMoon ? 0.3 : 0.62) * strength }, isMoon);
      see({ kind: 'glow', x, y, radius: radius * 2.5, colour, strength: 0.5 * strength }, true);
      see(
        {
          ...flat([disc(x, y, radius, 80)], colour, 0.1),
          detail: true,
          opacity: [Math.min(1, strength * 1.3), Math.min(1, strength * 1.3)],
        },
        true,
      );
    }
    if (subjects.has('bird')) {
      const flock = Array.from({ length: 6 }, (_, at) =>
        placed(
          bird(random.between(0.5, 1)),
          x * 0.7 + 0.12 + at * 0.045,
          horizon * random.between(0.28, 0.5),
          random.between(0.022, 0.04),
          random.chance(0.5),
        ),
      );
      see({ ...flat(flock, lch(0.25, 0.02, 260), 0.6), detail: true, opacity: [strength, strength] });
    }
  }
  if (weather.has('mist')) {
    const at = horizon === null ? height * 0.6 : horizon + (height - horizon) * random.between(0.22, 0.36);
    const colour = lch(
      0.93,
      0.018,
      brief.moods.has('warm') || time === 'sunset' || time === 'dawn' || subjects.has('sun') ? 65 : 230,
    );
    const dim = time === 'night' ? 0.45 : 1;
    see({ kind: 'mist', y: at, height: 0.1, colour, strength: 0.88 * strength * dim });
    see({ kind: 'mist', y: at - 0.14, height: 0.07, colour, strength: 0.5 * strength * dim });
  }
  if (subjects.has('boat')) {
    const [y, size] = [
      (horizon ?? height * 0.5) + (height - (horizon ?? height * 0.5)) * random.between(0.4, 0.55),
      0.13,
    ];
    for (const { tone, outlines } of sailboat) {
      const colour =
        tone === 'dark' ? lch(0.22, 0.03, 260) : tone === 'accent' ? lch(0.65, 0.17, 35) : lch(0.95, 0.02, 90);
      see({
        ...flat(
          outlines.map((outline) => placed(outline, x, y, size)),
          colour,
          0.8,
        ),
        detail: true,
        opacity: [strength, strength],
      });
    }
  }
  if (weather.has('rain')) {
    const drops = Array.from({ length: 260 }, () => {
      const [u, v, long] = [random.between(-0.05, width + 0.1), random() * height, random.between(0.02, 0.055)];
      return stroke([u, v, u - long * 0.22, v + long], () => 0.0012);
    });
    see({ ...flat(drops, lch(0.88, 0.02, 240), 1), detail: true, opacity: [0.5 * strength, 0.5 * strength] });
  }
  if (weather.has('snow')) {
    const flakes = Array.from({ length: 260 }, () =>
      disc(random() * width, random() * height, 0.0012 + 0.004 * random() ** 3, 12),
    );
    see({ ...flat(flakes, lch(0.985, 0.004, 240), 1), detail: true, opacity: [0.9 * strength, 0.9 * strength] });
  }
  return out;
}
