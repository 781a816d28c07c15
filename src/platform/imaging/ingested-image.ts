import type { Making } from './read-making.ts';
import type { ImageFormat } from './sniff.ts';

/** The sizes every photo has, as the most its long side has in pixels; none is ever larger than the original. */
export const longSideOf = { preview: 2048, medium: 512, small: 300 } as const;

export type Variant = keyof typeof longSideOf;

export interface Derivative {
  variant: Variant;
  /** Absolute, inside the `outDir` that was asked for. */
  path: string;
  bytes: number;
  width: number;
  height: number;
  mimeType: 'image/jpeg' | 'image/webp';
}

/** What the camera wrote into the file. Every field was checked; what was absent or impossible is null. */
export interface CameraMetadata {
  /** The camera's own clock, without a zone, and its offset from UTC where the camera noted one. */
  takenAt: { local: string; offsetMinutes: number | null } | null;
  camera: { make: string | null; model: string | null; lens: string | null } | null;
  /** `time` in seconds, `aperture` as the f-number, `focalLength` in millimetres. */
  exposure: { time: number | null; aperture: number | null; iso: number | null; focalLength: number | null } | null;
  /** Degrees, south and west negative; `altitude` in metres above the sea. */
  location: { latitude: number; longitude: number; altitude: number | null } | null;
  /** The name of the place, as XMP or IPTC tells it; 200 characters at the most. */
  place: string | null;
  /** What the programs that make pictures tell in them; null where nothing is told. */
  making: Making | null;
}

/** An original that decodes in full, with everything that was made from it. */
export interface IngestedImage {
  format: ImageFormat;
  mimeType: string;
  /** Pixels, after orientation. */
  width: number;
  height: number;
  /** Whether the original has more frames than the one the derivatives show. */
  animated: boolean;
  /** A ThumbHash (https://evanw.github.io/thumbhash/), 5 to 25 bytes. */
  placeholder: Uint8Array;
  derivatives: Derivative[];
  metadata: CameraMetadata;
}
