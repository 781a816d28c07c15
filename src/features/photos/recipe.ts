/**
 * What a picture was made with, as far as that is known. A file that was made elsewhere may tell less, or in other words; the prompt
 * stands in a column of its own, where it is searched.
 */
export interface Recipe {
  /** What made it: `InvokeAI`, `Stable Diffusion web UI`, `ComfyUI`, `the painter`, a style. */
  readonly tool?: string;
  /** The backend it came from, by the name that administrators gave. */
  readonly backend?: string;
  readonly negative_prompt?: string;
  readonly model_key?: string;
  readonly model_hash?: string;
  readonly model_name?: string;
  readonly vae_key?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly cfg_scale?: number;
  readonly scheduler?: string;
  readonly width?: number;
  readonly height?: number;
  /** 0 to 1: how far it may be from its source. */
  readonly strength?: number;
  readonly session_id?: string;
  readonly step_id?: string;
}

/** How a picture that was made comes to be a photo: beside what an upload has. */
export interface Made {
  /** Known before there is a picture: the same result, when it comes again, finds what it has become. */
  readonly id: string;
  readonly kind: 'styled' | 'generated';
  readonly sourcePhotoId: string | null;
  readonly style?: string | undefined;
  readonly prompt?: string | undefined;
  readonly recipe: Recipe;
  /** The last part of its IPTC digital source type. */
  readonly digitalSource: string;
}
