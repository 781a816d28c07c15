/**
 * A colour in OKLab (Björn Ottosson, https://bottosson.github.io/posts/oklab/): lightness 0 to 1, and two opponent axes within ±0.4.
 * Everything is mixed in it: half-way between two colours looks half-way, and never grey by accident.
 */
export type Lab = readonly [lightness: number, a: number, b: number];

/** From lightness 0 to 1, chroma 0 to 0.4 and hue in degrees; chroma gives way until sRGB can show it. */
export function lch(lightness: number, chroma: number, hue: number): Lab {
  const l = Math.min(1, Math.max(0, lightness));
  const angle = (hue * Math.PI) / 180;
  let c = Math.max(0, chroma);
  for (let tries = 0; tries < 24 && !isShown(l, c * Math.cos(angle), c * Math.sin(angle)); tries++) c *= 0.92;
  return [l, c * Math.cos(angle), c * Math.sin(angle)];
}

export const chromaOf = ([, a, b]: Lab): number => Math.hypot(a, b);
export const hueOf = ([, a, b]: Lab): number => ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360;

export function blend(from: Lab, to: Lab, share: number): Lab {
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ];
}

/** The same colour, lighter or darker by `by`, with its chroma multiplied. */
export const shifted = ([l, a, b]: Lab, by: number, chroma = 1): Lab => [
  Math.min(1, Math.max(0, l + by)),
  a * chroma,
  b * chroma,
];

/** OKLab to linear sRGB. */
function toLinear(l: number, a: number, b: number): [number, number, number] {
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

const isShown = (l: number, a: number, b: number) =>
  toLinear(l, a, b).every((channel) => channel >= -0.002 && channel <= 1.002);

const encoded = new Uint8Array(4097).map((_, at) => {
  const linear = at / 4096;
  return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
});
const decoded = new Float32Array(256).map((_, at) => {
  const value = at / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** One pixel of 8-bit sRGB to OKLab. */
export function fromRgb(red: number, green: number, blue: number): [number, number, number] {
  const r = decoded[red] as number;
  const g = decoded[green] as number;
  const b = decoded[blue] as number;
  const long = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const medium = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const short = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * long + 0.793617785 * medium - 0.0040720468 * short,
    1.9779984951 * long - 2.428592205 * medium + 0.4505937099 * short,
    0.0259040371 * long + 0.7827717662 * medium - 0.808675766 * short,
  ];
}

/** Planes of OKLab to interleaved 8-bit sRGB. The table has 4096 steps of linear light; its error stays within one step of 255. */
export function toRgb(lightness: Float32Array, a: Float32Array, b: Float32Array): Uint8Array {
  const out = new Uint8Array(lightness.length * 3);
  for (let at = 0, to = 0; at < lightness.length; at++, to += 3) {
    const l = lightness[at] as number;
    const pa = a[at] as number;
    const pb = b[at] as number;
    const lr = l + 0.3963377774 * pa + 0.2158037573 * pb;
    const mr = l - 0.1055613458 * pa - 0.0638541728 * pb;
    const sr = l - 0.0894841775 * pa - 1.291485548 * pb;
    const long = lr * lr * lr;
    const medium = mr * mr * mr;
    const short = sr * sr * sr;
    out[to] = byteOf(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short);
    out[to + 1] = byteOf(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short);
    out[to + 2] = byteOf(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short);
  }
  return out;
}

function byteOf(linear: number): number {
  // Darkness would band: the table is coarse where the curve is steep.
  if (linear < 0.02) {
    if (linear <= 0) return 0;
    return Math.round(255 * (linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055));
  }
  return encoded[linear >= 1 ? 4096 : (linear * 4096 + 0.5) | 0] as number;
}
