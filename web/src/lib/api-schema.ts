/**
 * What the native API takes and gives, in the shape of Hono's own route schema, so that `api.ts` reads either.
 * @module
 */

export type User = {
  id: string;
  username: string;
  email: string | null;
  display_name: string | null;
  role: 'admin' | 'user';
  disabled: boolean;
  created_at: string;
  usage: { photos: number; bytes: number };
};

export type AuthStatus = {
  mode: 'multi' | 'single';
  registration: 'open' | 'invite' | 'closed';
  setup_required: boolean;
  setup_token_required: boolean;
  mail_reset: boolean;
  version: string;
  max_upload_bytes: number;
};

export type Session = {
  id: string;
  kind: 'browser' | 'token';
  created_at: string;
  last_used_at: string;
  expires_at: string;
  user_agent: string | null;
  ip: string | null;
  current: boolean;
};

export type Scope = 'photos:read' | 'photos:write' | 'account:read';

export type ApiKey = {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
};

export type Invitation = { id: string; created_at: string; expires_at: string; used: boolean };
export type CreatedInvitation = { id: string; url: string; expires_at: string };

export type Photo = {
  id: string;
  filename: string;
  width: number;
  height: number;
  bytes: number;
  mime_type: string;
  kind: 'uploaded' | 'styled' | 'generated';
  is_generated: boolean;
  is_favorite: boolean;
  caption: string | null;
  taken_at: string;
  created_at: string;
  deleted_at: string | null;
  placeholder: string | null;
  thumbnail_url: string;
  preview_url: string;
  full_url: string;
  generation_metadata: Record<string, unknown>;
};

export type PhotoMetadata = Photo & {
  camera: { make: string | null; model: string | null; lens: string | null } | null;
  exposure: { time: number | null; aperture: number | null; iso: number | null; focal_length: number | null } | null;
  location: { latitude: number; longitude: number; altitude: number | null } | null;
  source_image_id: string | null;
  generation_prompt: string | null;
  generation_negative_prompt: string | null;
  generation_params: Record<string, unknown> | null;
};

export type TrashedPhoto = Photo & { purge_at: string };

/** A month of the timeline, newest photo first, as columns of equal length. */
export type MonthColumns = {
  month: string;
  id: string[];
  width: number[];
  height: number[];
  placeholder: (string | null)[];
  thumbnail_url: string[];
  preview_url: string[];
  taken_at: string[];
  kind: Photo['kind'][];
  is_favorite: boolean[];
  caption: (string | null)[];
  filename: string[];
};

export type Page<T> = { items: T[]; total: number; limit: number; offset: number };

/** Everything that matches: the server-side form of a selection. */
export type PhotoFilter = { favorite?: boolean; q?: string; taken_after?: string; taken_before?: string };
export type PhotoSet = { ids: string[] } | { filter: PhotoFilter; except?: string[] };

type Signed = { access_token: string; token_type: 'bearer'; expires_in: number; user: User };
type Route<Input, Output> = { input: Input; output: Output };
type ById = { param: { id: string } };
type Listing = { query?: { limit?: string; offset?: string } };
type TimelineFilter = { favorite?: string; q?: string };

export type ApiSchema = {
  '/auth/status': { $get: Route<object, AuthStatus> };
  '/auth/register': {
    $post: Route<
      { json: { username: string; email?: string; password: string; invitation?: string; setup_token?: string } },
      Signed
    >;
  };
  '/auth/login': { $post: Route<{ json: { username: string; password: string } }, Signed> };
  '/auth/logout': { $post: Route<object, null> };
  '/auth/reset/request': { $post: Route<{ json: { email: string } }, unknown> };
  '/auth/reset': { $post: Route<{ json: { token: string; password: string } }, null> };
  '/me': {
    $get: Route<object, User>;
    $patch: Route<
      { json: { username?: string; email?: string | null; display_name?: string | null; current_password?: string } },
      User
    >;
    $delete: Route<{ json: { password: string; confirm: string } }, null>;
  };
  '/me/password': { $post: Route<{ json: { current_password: string; new_password: string } }, null> };
  '/sessions': { $get: Route<Listing, Page<Session>>; $delete: Route<object, null> };
  '/sessions/:id': { $delete: Route<ById, null> };
  '/api-keys': {
    $get: Route<Listing, Page<ApiKey>>;
    $post: Route<{ json: { name: string; scopes: Scope[]; expires_at?: string } }, ApiKey & { key: string }>;
  };
  '/api-keys/:id': { $delete: Route<ById, null> };
  '/users': { $get: Route<Listing, Page<User>> };
  '/users/:id': {
    $patch: Route<ById & { json: { disabled?: boolean; role?: User['role'] } }, User>;
    $delete: Route<ById & { json: { password: string; confirm: string } }, null>;
  };
  '/users/:id/reset-link': { $post: Route<ById, { url: string; expires_at: string }> };
  '/invitations': { $get: Route<Listing, Page<Invitation>>; $post: Route<{ json: object }, CreatedInvitation> };
  '/invitations/:id': { $delete: Route<ById, null> };
  '/photos': {
    $get: Route<
      {
        query?: {
          limit?: string;
          offset?: string;
          cursor?: string;
          favorite?: string;
          q?: string;
          generated?: string;
          since?: string;
          taken_after?: string;
          taken_before?: string;
        };
      },
      Page<Photo> & { next_cursor: string | null }
    >;
  };
  '/photos/:id': {
    $patch: Route<ById & { json: { caption?: string | null; taken_at?: string; is_favorite?: boolean } }, Photo>;
    $delete: Route<ById, null>;
  };
  '/photos/:id/metadata': { $get: Route<ById, PhotoMetadata> };
  '/photos/batch/trash': { $post: Route<{ json: PhotoSet }, { count: number; trashed_at: string }> };
  '/photos/batch/restore': { $post: Route<{ json: { ids: string[] } | { trashed_at: string } }, { count: number }> };
  '/photos/batch/purge': { $post: Route<{ json: { ids: string[] } | { all: true } }, { count: number }> };
  '/photos/batch/favorite': { $post: Route<{ json: PhotoSet & { is_favorite: boolean } }, { count: number }> };
  '/timeline': {
    $get: Route<{ query?: TimelineFilter }, { items: { month: string; count: number }[]; total: number }>;
  };
  '/timeline/:month': { $get: Route<{ param: { month: string }; query?: TimelineFilter }, MonthColumns> };
  '/trash': { $get: Route<Listing, Page<TrashedPhoto>> };
  '/downloads': {
    $post: Route<
      { json: PhotoSet },
      { url: string; filename: string; count: number; bytes: number; expires_at: string }
    >;
  };
  '/uploads/:id': {
    $get: Route<
      ById,
      | { status: 'complete'; photo: Photo; duplicate: boolean }
      | { status: 'failed'; error: { code: string; message: string } }
    >;
  };
};
