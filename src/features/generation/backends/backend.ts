/** What a backend can do; what it cannot is not offered, and not sent to it. */
export interface Capabilities {
  /** Makes a picture of a picture (img2img). */
  readonly fromPhoto: boolean;
  /** Tells how far a picture is, and may show it as it sharpens. */
  readonly progress: boolean;
  /** Ends one picture of a batch without the others. */
  readonly cancelOne: boolean;
  readonly negativePrompt: boolean;
  /** False where steps, scale and scheduler are sent to nobody; true where it is not said. */
  readonly sampling?: boolean;
  /** Makes the same picture of the same seed and parameters. */
  readonly seeds: boolean;
  /**
   * Keeps what it has made until it is told that it was fetched, so that a server that was killed finds it again. Of one that does not,
   * what was not kept when the server died is made anew.
   */
  readonly keepsResults: boolean;
}

/** What pictures are made with. */
export interface Model {
  /** As the backend knows it. */
  readonly key: string;
  readonly hash: string;
  readonly name: string;
  /** `main` alone is listed; others stand below those they go with. */
  readonly type: string;
  /** `sd-1`, `sdxl`, `flux`, `painter`, `unknown`. */
  readonly base: string;
  readonly description: string | null;
  readonly compatibleVae: readonly { key: string; hash: string; name: string; isDefault: boolean }[];
  readonly defaults: Readonly<Sampling>;
  readonly limits: Limits;
}

export interface Sampling {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly cfg_scale: number;
  readonly scheduler: string;
}

/** What `parameters` of a step are held against before anything is sent. */
export interface Limits {
  /** Width and height are multiples of it. */
  readonly multipleOf: number;
  readonly minSide: number;
  readonly maxSide: number;
  readonly maxPixels: number;
  readonly minSteps: number;
  readonly maxSteps: number;
  readonly minCfgScale: number;
  readonly maxCfgScale: number;
  /** Empty where the backend takes none. */
  readonly schedulers: readonly string[];
  /** False of a model that takes none, though others of its backend do. */
  readonly negativePrompt?: boolean;
}

/** Pictures that are asked for at once: one prompt, one model, a seed for each. */
export interface Batch {
  /** A UUID of the caller's making. Whoever hands in the same batch again gets the same one, never a second. */
  readonly id: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly model: Pick<Model, 'key' | 'hash' | 'name' | 'base'>;
  readonly vae: { readonly key: string; readonly hash: string } | null;
  readonly sampling: Sampling;
  /** 0 … 2³² − 1, one for each picture; pictures are numbered by their place in it. */
  readonly seeds: readonly number[];
  /** The picture to start from: a complete file that is upright, and how far the results may be from it (0 to 1). */
  readonly source: { readonly path: string; readonly strength: number } | null;
}

/** What a backend must remember of a batch to find it again; kept by the caller, opaque to it. */
export type Ticket = Readonly<Record<string, unknown>>;

/** What becomes of a batch, in the order in which it does. Of each picture there is one `made` or one `failed`, at the end. */
export type BatchEvent =
  /** Handed in, and what to find it again by. May come again with more. The caller keeps it before it goes on. */
  | { readonly kind: 'accepted'; readonly ticket: Ticket }
  /** Nothing is made yet: how many batches are before this one, where that is known. */
  | { readonly kind: 'waiting'; readonly ahead: number | null }
  | {
      readonly kind: 'progress';
      readonly n: number;
      /** 0 to 1. */
      readonly done: number;
      readonly step: number | null;
      readonly of: number | null;
      /** A small picture of how it looks by now, as WebP, JPEG or PNG. */
      readonly preview: Uint8Array | null;
    }
  /** `image` is what `fetch` is asked for. `seed` where the backend took another than it was given. */
  | { readonly kind: 'made'; readonly n: number; readonly image: string; readonly seed?: number }
  | { readonly kind: 'failed'; readonly n: number; readonly error: BackendError };

export interface FollowContext {
  /** What was kept of this batch by an earlier try; null where there was none. */
  readonly ticket: Ticket | null;
  /** Pictures that need not be made any more: kept already, or cancelled. */
  readonly settled: ReadonlySet<number>;
  /** An existing folder of the caller's, for files on their way; emptied by the caller. */
  readonly workDir: string;
  /** Ends the following, not the batch. */
  readonly signal: AbortSignal;
}

/** One of the servers, or the painter within this one, that make pictures. Calls outside end by themselves, with BackendError. */
export interface Backend {
  readonly driver: string;
  readonly capabilities: Capabilities;
  /** Where photos are sent to, as a host that a person would know; null where they stay within this server. */
  readonly destination: string | null;
  /** How many batches it is given at once. */
  readonly lanes: number;
  /** @returns its version, where it tells one. @throws BackendError when it does not answer as it should */
  check(signal: AbortSignal): Promise<string | null>;
  listModels(signal: AbortSignal): Promise<Model[]>;
  /**
   * Hands a batch in, unless its ticket says that it was, and follows it until each of its pictures is made or has failed. To follow again after
   * whatever interrupted it is always right: nothing is made twice where `keepsResults` says so.
   * @throws BackendError when nothing can be said about the whole batch; `isTransient` tells whether to come back
   */
  follow(batch: Batch, context: FollowContext): AsyncIterable<BatchEvent>;
  /**
   * Writes the bytes of a picture that was made, exactly as they are, and never more than `maxBytes`.
   * @throws BackendError
   */
  fetch(image: string, write: (chunk: Uint8Array) => Promise<void>, options: FetchOptions): Promise<void>;
  /** Deletes a picture over there, once it is kept here. Deleting what is gone is fine. */
  forget(image: string, signal: AbortSignal): Promise<void>;
  /** Ends some pictures of a batch, or all of it, as far as it can; what is made by then stays made. */
  cancel(batch: Pick<Batch, 'id'>, ticket: Ticket, only: readonly number[] | null, signal: AbortSignal): Promise<void>;
  /**
   * Takes away all that there is of a batch which nobody waits for: what is not made is ended, what is made is deleted, but for what `keep`
   * names, and so is what was sent for it. A ticket is not needed.
   * @returns whether there was anything of it
   * @throws BackendError, transient as long as something is still to come
   */
  discard(
    batch: Pick<Batch, 'id'>,
    ticket: Ticket | null,
    keep: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<boolean>;
  close(): void;
}

export interface FetchOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Why a backend did not do what it was asked; each is a code of the API. */
export type BackendErrorCode =
  /** It does not answer, or not as it should. */
  | 'invokeai_connection_error'
  /** The model is gone, or not one that can be used. */
  | 'invokeai_model_error'
  /** It refuses what it was sent. */
  | 'invokeai_graph_error'
  /** It tried, and could not. */
  | 'invokeai_generation_error'
  /** The picture was made and could not be fetched. */
  | 'invokeai_retrieval_error'
  | 'pod_error';

/** `message` is a sentence for the person who waits; what a log may need besides is in `cause`. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly code: BackendErrorCode;
  /** Whether the same may succeed later without anybody doing anything. */
  readonly isTransient: boolean;
  /** What to wait before it is tried again, in ms, where the backend says so. */
  readonly retryAfterMs: number | null;

  constructor(
    code: BackendErrorCode,
    message: string,
    options: { readonly isTransient?: boolean; readonly retryAfterMs?: number | null; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.isTransient = options.isTransient ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}
