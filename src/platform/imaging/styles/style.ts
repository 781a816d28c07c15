/** The looks a photo can be given, in the order in which they are offered. */
export const styleIds = [
  'cinematic',
  'enhance',
  'sketch',
  'pencil_sketch',
  'cartoon',
  'oil_painting',
  'watercolor',
  'pop_art',
  'vintage',
  'neon',
] as const;

export type StyleId = (typeof styleIds)[number];

/** Larger originals are worked on at this many pixels. */
export const MAX_STYLED_PIXELS = 24_000_000;

/**
 * The last part of the IPTC digital source type of every style: "algorithmically-altered media", which a photo is that an algorithm has
 * modified and no trained model had a part in (https://cv.iptc.org/newscodes/digitalsourcetype/).
 */
export const STYLED_SOURCE = 'algorithmicallyEnhanced';

/** What a style is asked for, and what its file says of the photo it was made of. */
export interface StyleRequest {
  readonly style: StyleId;
  /** 0 to 1. */
  readonly strength: number;
  /** The camera's clock as EXIF has it (`2024:06:14 09:30:00`), its offset (`+02:00`), and the camera; null for what is not known. */
  readonly takenAt: string | null;
  readonly takenOffset: string | null;
  readonly make: string | null;
  readonly model: string | null;
}

export interface StyledFile {
  /** Absolute, inside the `outDir` that was asked for. */
  readonly path: string;
  readonly mimeType: 'image/jpeg' | 'image/webp' | 'image/png';
  readonly width: number;
  readonly height: number;
}

/** What styling needs beside decoding, in units of one pixel held in RGBA: the picture, what is painted, and fields of a fixed size. */
export const costOfStyling = ({ width, height }: { width: number; height: number }): number =>
  Math.ceil(3 * Math.min(width * height, MAX_STYLED_PIXELS) + 25_000_000);
