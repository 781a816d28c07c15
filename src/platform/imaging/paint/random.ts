/** Numbers that look like chance and follow from a seed alone. */
export interface Random {
  /** 0 ≤ x < 1. */
  (): number;
  between(low: number, high: number): number;
  /** A whole number, both ends included. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** About a mean of 0 with a deviation of 1; never beyond ±3. */
  normal(): number;
  /** A stream of its own: what one part of a picture takes from chance changes nothing in another. */
  fork(name: string): Random;
}

/** 32 bits of a text. FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), mixed once more so that short texts differ in all bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** MurmurHash3's finalizer. */
export function mix(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** sfc32, a small fast generator of 128 bits of state from PractRand (http://pracrand.sourceforge.net). */
export function createRandom(seed: number): Random {
  let a = mix(seed);
  let b = mix(a ^ 0x9e3779b9);
  let c = mix(b ^ 0x243f6a88);
  let counter = 1;
  const next = () => {
    const sum = (((a + b) | 0) + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let warm = 0; warm < 12; warm++) next();
  return Object.assign(next, {
    between: (low: number, high: number) => low + (high - low) * next(),
    whole: (low: number, high: number) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability: number) => next() < probability,
    pick: <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T,
    normal: () => (next() + next() + next() + next() + next() + next() - 3) * Math.SQRT2,
    fork: (name: string) => createRandom(mix(seed ^ hashText(name))),
  });
}
