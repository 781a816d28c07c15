/** What is to be painted. The same request makes the same pixels, in whichever process. */
export interface PaintRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** 0 … 2³² − 1. */
  readonly seed: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** 1 to 50: how far it is worked out. */
  readonly steps: number;
  /** 1 to 20: how literally colours and moods are taken; 7.5 is as they come. */
  readonly cfgScale: number;
  /** A picture to start from, and how far from it the result may be: 0 to 1. */
  readonly source: { readonly path: string; readonly strength: number } | null;
  /** Where the file is to be written. */
  readonly outPath: string;
}

/** How far a picture is. */
export interface PaintProgress {
  /** 0 to 1. */
  readonly done: number;
  /** How it looks by now, 256 pixels at most, as WebP. */
  readonly preview: Uint8Array | null;
}

export interface PaintedFile {
  readonly path: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly mimeType: 'image/jpeg';
}

/** What it is known by among models. */
export const PAINTER_KEY = '7a1e77e0-5ca1-4b1e-9a1d-7b1a57e50001';

/** Part of its model's hash: raised whenever the same request would come out otherwise. */
export const PAINTER_VERSION = 1;

export const paintLimits = {
  multipleOf: 8,
  minSide: 256,
  maxSide: 2048,
  maxPixels: 4_194_304,
  maxSteps: 50,
  minCfgScale: 1,
  maxCfgScale: 20,
} as const;
