/**
 * The types of the native API, inferred from the server's own routes: no second description of them exists.
 * @module
 */
import type { ExtractSchema } from 'hono/types';
import type { AppType } from '#app.ts';

/** By path (`/photos/:id`) and method (`$get`): what a route takes and gives, as Hono's own client reads it. */
export type ApiSchema = ExtractSchema<AppType>;

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
/** The paths that answer a method. */
export type PathsOf<M extends Method> = {
  [P in keyof ApiSchema]: `$${M}` extends keyof ApiSchema[P] ? P : never;
}[keyof ApiSchema];
type RouteOf<M extends Method, P extends PathsOf<M>> = ApiSchema[P][`$${M}` & keyof ApiSchema[P]];
export type InputOf<M extends Method, P extends PathsOf<M>> = RouteOf<M, P> extends { input: infer I } ? I : never;
export type OutputOf<M extends Method, P extends PathsOf<M>> = RouteOf<M, P> extends { output: infer O } ? O : never;
type JsonOf<M extends Method, P extends PathsOf<M>> = InputOf<M, P> extends { json: infer J } ? J : never;
type ItemOf<P extends PathsOf<'get'>> = OutputOf<'get', P> extends { items: (infer Item)[] } ? Item : never;

export type AuthStatus = OutputOf<'get', '/auth/status'>;
export type User = OutputOf<'get', '/me'>;
export type Session = ItemOf<'/sessions'>;
export type ApiKey = ItemOf<'/api-keys'>;
export type Scope = ApiKey['scopes'][number];
export type Photo = ItemOf<'/photos'>;
/** One of the looks a photo can be given. */
export type Style = ItemOf<'/styles'>;
export type TrashedPhoto = ItemOf<'/trash'>;
export type PhotoMetadata = OutputOf<'get', '/photos/:id/metadata'>;
/** A month of the timeline, newest photo first, as columns of equal length. */
export type MonthColumns = OutputOf<'get', '/timeline/:month'>;
/** What a bulk action is about: ids, or everything that matches a filter. */
export type PhotoSet = JsonOf<'post', '/photos/batch/trash'>;
export type PhotoFilter = NonNullable<PhotoSet['filter']>;
export type Album = ItemOf<'/albums'>;
/** A picture of an album's cover. */
export type AlbumPreview = Album['previews'][number];
/** A whole album in its order, as columns of equal length. */
export type AlbumColumns = OutputOf<'get', '/albums/:id/layout'>;
export type AlbumMember = OutputOf<'get', '/albums/:id/members'>['items'][number];
/** Somebody's names. */
export type PersonName = Album['owner'];
export type Organization = ItemOf<'/organizations'>;
export type OrganizationRole = NonNullable<Organization['role']>;
export type OrganizationMember = OutputOf<'get', '/organizations/:id/members'>['items'][number];
/** Somebody who is asked to join and has not answered. */
export type SentInvitation = OutputOf<'get', '/organizations/:id/invitations'>['items'][number];
/** An organization that asks the caller to join it. */
export type OwnInvitation = ItemOf<'/me/invitations'>;
/** A link as its owner sees it. */
export type Link = ItemOf<'/share-links'>;
export type LinkChange = JsonOf<'patch', '/share-links/:id'>;
/** What a link shows at its head to whoever has it. */
export type GuestView = OutputOf<'get', '/share/:key'>;
/** All photos of a link in their order, as columns of equal length. */
export type GuestLayout = OutputOf<'get', '/share/:key/layout'>;
export type GuestPhoto = OutputOf<'get', '/share/:key/photos/:id'>;
/** A session of the studio: prompts and the pictures made of them. */
export type StudioSession = ItemOf<'/generation/sessions'>;
export type StudioStep = OutputOf<'get', '/generation/sessions/:id/steps'>['items'][number];
/** How far a step is, and what is made before it. */
export type StepState = OutputOf<'get', '/generation/steps/:id/status'>;
/** One picture of a step, there or still to come. */
export type Alternative = OutputOf<'get', '/generation/steps/:id/alternatives'>['items'][number];
export type NewStep = JsonOf<'post', '/generation/sessions/:id/steps'>;
export type Settings = OutputOf<'get', '/settings'>;
export type StudioModel = OutputOf<'get', '/models'>['items'][number];
export type PromptTemplate = ItemOf<'/templates'>;
