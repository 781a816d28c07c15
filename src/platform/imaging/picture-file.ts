/** The most pixels that the long sides of a picture's smaller copies have. */
export const pictureSizes = [512, 256, 128, 64] as const;

/** A part of an upright picture, in fractions of its width and height: 0 to 1. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What a public picture is to become. */
export interface PictureShape {
  /** Null for all of it. */
  readonly crop: Crop | null;
  /** The most pixels of its long side; it is never enlarged. */
  readonly longSide: number;
  /** The most that the whole picture may take. */
  readonly mostBytes: number;
}

/** A WebP file without metadata. */
export interface PictureFile {
  readonly variant: 'picture' | `picture${(typeof pictureSizes)[number]}`;
  /** Absolute, inside the `outDir` that was asked for. */
  readonly path: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
}
