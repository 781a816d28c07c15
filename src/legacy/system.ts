import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';
import type { LegacyName } from '#config.ts';
import type { Variant } from '#features/photos/index.ts';
import type { ApiEnv } from '#platform/http/api.ts';
import type { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';

export type LegacyContext = Context<ApiEnv>;

/** What a list without pages has at the most. */
export const mostListed = 5000;

/** How a system says no. */
export interface Refusal {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is known of a request that is refused, be it for JSON or for bytes. */
export interface Refused {
  readonly method: string;
  readonly path: string;
}

/**
 * Turns what went wrong into a system's own words. Where nobody has signed in, the error is `unauthorized` with
 * `details.reason`, one of {@link import('./authenticate.ts').Missing}.
 */
export type Refuse = (error: AppError, request: Refused) => Refusal;

interface AnyRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As Hono has it, each slash counted; several where the clients use several. */
  readonly path: string | readonly string[];
  /** In place of the system's own, for a family of routes with words of its own. */
  readonly refuse?: Refuse;
  /** The web app has a page at this address as well: whoever opens it in a browser gets that. */
  readonly isPageToo?: true;
}

/** One operation of an earlier system: GET answers HEAD as well. Only what says that it is `open` is answered without a sign-in. */
export type LegacyRoute =
  | (AnyRoute & { readonly open: true; handle(c: LegacyContext): Response | Promise<Response> })
  | (AnyRoute & { readonly open?: false; handle(c: LegacyContext, user: UserCaller): Response | Promise<Response> });

/** Some bytes of a photo. */
export interface ImageTarget {
  readonly photoId: string;
  /** Default: the original. */
  readonly variant?: Variant;
  /** To be saved under its name. */
  readonly isTakenOut?: true;
  readonly headers?: Headers | ((found: { readonly mimeType: string }) => Headers);
}

type Headers = Readonly<Record<string, string>>;

/** Addresses of pictures, answered past the router: by the signature that {@link LegacyDeps.images} gave them, or by a bearer token. */
export interface LegacyImages {
  /** Segments with names, such as `/uploads/:filename`. */
  readonly path: string;
  /**
   * What a path names; null for nothing. Whether it is the caller's own is asked of the photo afterwards.
   * @throws AppError `forbidden` where the path itself names somebody else
   */
  photoOf(
    names: Readonly<Record<string, string>>,
    caller: UserCaller,
  ): ImageTarget | null | Promise<ImageTarget | null>;
  /** Leaves some requests to the system's routes. */
  serves?(request: IncomingMessage): boolean;
}

/** What a server knows of itself when it is asked how it is. */
export interface Health {
  readonly ready: boolean;
  /** ISO. */
  readonly at: string;
  readonly version: string;
}

/** An earlier system as its clients know it. */
export interface LegacySystem {
  readonly name: LegacyName;
  readonly routes: readonly LegacyRoute[];
  readonly images?: readonly LegacyImages[];
  /** What it answers at these addresses, which several systems share. */
  readonly health?: Readonly<Partial<Record<'/health' | '/api/health', (health: Health) => Record<string, unknown>>>>;
  /** What it adds to the native API's words where a picture for everybody is asked for and there is none; both have them at the same path. */
  readonly pictures?: (path: string) => Readonly<Record<string, unknown>>;
  /** Beginnings of paths that are its alone, such as `/auth`: what it does not know below them is told by it. */
  readonly prefixes: readonly string[];
  /** What its answers carry beside what all of them do. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly refuse: Refuse;
}
