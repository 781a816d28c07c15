import type { Canvas } from './canvas.ts';
import type { Brief } from './read-prompt.ts';

interface Grading {
  /** 0 to 1. */
  readonly change: number;
  /** 0 to 1; a half is as it comes. */
  readonly literal: number;
  /** Degrees that all hues turn. */
  readonly turn: number;
}

interface Targets {
  light: number;
  contrast: number;
  chroma: number;
  a: number;
  b: number;
}

/** Changes light and colours as the words say: "warmer", "at night", "more contrast", "in blue". */
export function regrade({ l, a, b, width, height }: Canvas, brief: Brief, { change, literal, turn }: Grading): void {
  const strength = Math.min(1.25, change * (0.7 + 0.6 * literal));
  const { light, contrast, chroma, a: towardsA, b: towardsB } = targetsOf(brief, strength);
  const [cos, sin] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  const hue = brief.hues[0];
  const hueShare = hue === undefined ? 0 : 0.6 * Math.min(1, strength);
  const [hueA, hueB] = hue === undefined ? [0, 0] : [Math.cos((hue * Math.PI) / 180), Math.sin((hue * Math.PI) / 180)];
  const autumn = brief.season === 'autumn' ? Math.min(1, strength) : 0;
  const snow = brief.weather.has('snow') ? Math.min(1, strength) : 0;
  for (let y = 0; y < height; y++) {
    // Snow lies on the ground, and light comes from above.
    const ground = y / height;
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const own = l[at] as number;
      let bright = 0.52 + (own - 0.52) * contrast;
      bright = light < 0 ? bright * (1 + light) : bright + (1 - bright) * light;
      let u = (a[at] as number) * cos - (b[at] as number) * sin;
      let v = (a[at] as number) * sin + (b[at] as number) * cos;
      if (hueShare) {
        const strong = Math.hypot(u, v) * 0.8 + 0.035;
        u += (hueA * strong - u) * hueShare;
        v += (hueB * strong - v) * hueShare;
      }
      // Greens are negative along a: leaves turn to where orange is.
      if (autumn && u < 0.01 && v > 0.01) [u, v] = [u + (0.085 - u) * autumn * 0.8, v + (0.09 - v) * autumn * 0.4];
      if (snow && ground > 0.35) {
        const cover = snow * Math.min(1, (ground - 0.35) * 2.2) * Math.min(1, own * 1.3 + 0.25) * 0.7;
        bright += (0.93 - bright) * cover;
        u *= 1 - cover * 0.8;
        v = v * (1 - cover * 0.8) - 0.008 * cover;
      }
      const shade = 4 * bright * (1 - Math.min(1, bright)) * 0.7 + 0.3;
      l[at] = Math.min(1, Math.max(0, bright));
      a[at] = u * chroma + towardsA * shade;
      b[at] = v * chroma + towardsB * shade;
    }
  }
}

function targetsOf({ moods, time, weather }: Brief, strength: number): Targets {
  const out: Targets = { light: 0, contrast: 1, chroma: 1, a: 0, b: 0 };
  const add = (when: boolean, { light = 0, contrast = 0, chroma = 0, a = 0, b = 0 }: Partial<Targets>) => {
    if (!when) return;
    out.light += light * strength;
    out.contrast *= 1 + contrast * strength;
    out.chroma *= 1 + chroma * strength;
    out.a += a * strength;
    out.b += b * strength;
  };
  add(moods.has('warm'), { a: 0.022, b: 0.05, light: 0.03 });
  add(moods.has('cold'), { a: -0.016, b: -0.05 });
  add(moods.has('dark'), { light: -0.3, contrast: 0.1 });
  add(moods.has('bright'), { light: 0.26, chroma: 0.05 });
  add(moods.has('vivid'), { chroma: 0.55, contrast: 0.08 });
  add(moods.has('muted'), { chroma: -0.45, contrast: -0.12 });
  add(moods.has('contrast'), { contrast: 0.4, chroma: 0.1 });
  add(moods.has('monochrome'), { chroma: -0.95 });
  add(time === 'night', { light: -0.52, chroma: -0.25, a: -0.004, b: -0.055 });
  add(time === 'dusk', { light: -0.32, a: 0.018, b: -0.045 });
  add(time === 'sunset', { light: -0.08, a: 0.045, b: 0.055, contrast: 0.08 });
  add(time === 'dawn', { light: 0.07, a: 0.02, b: 0.022 });
  add(time === 'day', { light: 0.12, chroma: 0.08, b: -0.008 });
  add(weather.has('mist'), { contrast: -0.24, chroma: -0.18, light: 0.06 });
  add(weather.has('storm'), { light: -0.22, contrast: 0.12, chroma: -0.3, b: -0.02 });
  add(weather.has('rain'), { light: -0.12, chroma: -0.25, b: -0.015 });
  add(weather.has('snow'), { light: 0.06, chroma: -0.25, b: -0.02 });
  return out;
}
