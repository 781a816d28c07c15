import { anonymous, type Principal } from '#platform/database/principal.ts';

/** What an API key may be allowed. A key never manages an account, its sessions or other keys. */
export const scopes = ['photos:read', 'photos:write', 'account:read'] as const;
export type Scope = (typeof scopes)[number];

/** Somebody who signed in. */
export interface UserCaller {
  readonly kind: 'user';
  readonly principal: Principal & { kind: 'user' };
  readonly userId: string;
  readonly username: string;
  readonly role: 'admin' | 'user';
  /** How the request showed who it is. Only a cookie is sent by a browser unasked, so only it needs an Origin check. */
  readonly via: 'cookie' | 'token' | 'api_key' | 'single';
  /** The session or API key; signed URLs are bound to it. */
  readonly credentialId: string;
  /** Null where the caller is a person signed in, who is not bound by scopes. */
  readonly scopes: ReadonlySet<Scope> | null;
  /** Milliseconds since the epoch after which the credential is no longer good; null for never. */
  readonly expiresAt: number | null;
}

/** A guest: somebody who came by a link, and showed what it asks for. What the link allows is asked of the table. */
export interface LinkCaller {
  readonly kind: 'link';
  readonly principal: Principal & { kind: 'link' };
  readonly linkId: string;
  /** Whose photos these are. */
  readonly ownerId: string;
  /** What the link shows: one photo or one album. */
  readonly target: { readonly photoId: string } | { readonly albumId: string };
  readonly allowDownload: boolean;
  readonly allowUpload: boolean;
  readonly showMetadata: boolean;
}

/** Who is asking. Every use-case takes one; there is no caller that may do everything. */
export type Caller = { readonly kind: 'anonymous'; readonly principal: Principal } | UserCaller | LinkCaller;

export const nobody: Caller = Object.freeze({ kind: 'anonymous', principal: anonymous });
