import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import type { Kysely } from 'kysely';
import type { Config } from '#config.ts';
import { anonymous } from '#platform/database/principal.ts';
import { type ApiEnv, createRouter } from '#platform/http/api.ts';
import { errors, id, json, jsonBody, page } from '#platform/http/contract.ts';
import * as admin from './administer-users.ts';
import { changePassword, changeProfile, readAccount } from './change-account.ts';
import * as contract from './contract.ts';
import { sessionCookie } from './cookie.ts';
import { deleteAccount } from './delete-account.ts';
import type { AccountDeps, Client } from './deps.ts';
import { createApiKey, listApiKeys, revokeApiKey } from './manage-api-keys.ts';
import * as invitations from './manage-invitations.ts';
import { listSessions, revokeOtherSessions, revokeSession, signOut } from './manage-sessions.ts';
import { registerUser } from './register-user.ts';
import { requestReset, resetPassword } from './reset-password.ts';
import { signIn } from './sign-in.ts';
import { hasUsers } from './store.ts';
import type { AccountTables } from './tables.ts';

const noContent = { 204: { description: 'Done' } };
const byId = { params: z.object({ id }) };
const paged = { query: z.strictObject(page) };

const startsSession = {
  ...errors(400, 401, 403, 409, 429),
};

/** Accounts over HTTP: each handler validates, calls one use-case and responds. */
export function accountRoutes(
  deps: AccountDeps & {
    config: Pick<Config, 'mode' | 'maxUploadBytes'>;
    version: string;
    publicUrl(c: Context): string;
  },
) {
  const clientOf = (c: Context<ApiEnv>): Client => ({
    ip: c.var.address.ip,
    network: c.var.address.network,
    userAgent: c.req.header('user-agent') ?? null,
    isBrowser: c.req.header('sec-fetch-mode') !== undefined || c.req.header('origin') !== undefined,
    publicUrl: deps.publicUrl(c),
  });
  const setSession = (c: Context<ApiEnv>, cookie: { secret: string; maxAgeSeconds: number }): void =>
    setCookie(c, sessionCookie, cookie.secret, {
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
      secure: c.var.address.secure,
      maxAge: cookie.maxAgeSeconds,
    });

  return createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/auth/status',
        tags: ['Accounts'],
        summary: 'How one gets in here',
        responses: { 200: json(contract.AuthStatus, 'What sign-in and sign-up pages need to know') },
      }),
      async (c) => {
        const setupRequired =
          deps.config.mode === 'multi' &&
          !(await deps.database.as(anonymous, (tx: Kysely<AccountTables>) => hasUsers(tx)));
        return c.json(
          {
            mode: deps.config.mode,
            registration: deps.registration,
            setup_required: setupRequired,
            setup_token_required: setupRequired && deps.setupToken !== null,
            mail_reset: deps.mailer !== null,
            version: deps.version,
            max_upload_bytes: deps.config.maxUploadBytes,
          },
          200,
        );
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/auth/register',
        tags: ['Accounts'],
        summary: 'Sign up',
        request: jsonBody(contract.Registration),
        responses: { 201: json(contract.SignedIn, 'Signed up and in'), ...startsSession },
      }),
      async (c) => {
        const session = await registerUser(deps, c.req.valid('json'), clientOf(c));
        setSession(c, session.cookie);
        return c.json(session.body, 201);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/auth/login',
        tags: ['Accounts'],
        summary: 'Sign in by username or e-mail',
        request: jsonBody(contract.Login),
        responses: { 200: json(contract.SignedIn, 'Signed in'), ...startsSession },
      }),
      async (c) => {
        const session = await signIn(deps, c.req.valid('json'), clientOf(c));
        setSession(c, session.cookie);
        return c.json(session.body, 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/auth/logout',
        tags: ['Accounts'],
        summary: 'Sign out',
        responses: noContent,
      }),
      async (c) => {
        if (c.var.caller.kind === 'user') await signOut(deps, c.var.caller, clientOf(c));
        deleteCookie(c, sessionCookie, { path: '/', secure: c.var.address.secure });
        // Private pictures are cached as immutable; who shares the browser must not find them after.
        c.header('clear-site-data', '"cache"');
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/auth/reset/request',
        tags: ['Accounts'],
        summary: 'Ask for a reset link by mail',
        request: jsonBody(contract.ResetRequest),
        responses: {
          202: { description: 'A link is on its way, if an account has this e-mail' },
          ...errors(400, 429, 503),
        },
      }),
      async (c) => {
        await requestReset(deps, c.req.valid('json').email, clientOf(c));
        return c.body(null, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/auth/reset',
        tags: ['Accounts'],
        summary: 'Set a new password by a reset link',
        request: jsonBody(contract.Reset),
        responses: { ...noContent, ...errors(400, 410, 429) },
      }),
      async (c) => {
        await resetPassword(deps, c.req.valid('json'), clientOf(c));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/me',
        tags: ['Accounts'],
        summary: 'My account',
        responses: { 200: json(contract.User, 'My account'), ...errors(401, 403) },
      }),
      async (c) => c.json(await readAccount(deps, c.var.caller), 200),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/me',
        tags: ['Accounts'],
        summary: 'Change my names or e-mail',
        request: jsonBody(contract.ProfileChange),
        responses: { 200: json(contract.User, 'Changed'), ...errors(400, 401, 403, 409, 429) },
      }),
      async (c) => c.json(await changeProfile(deps, c.var.caller, c.req.valid('json'), clientOf(c)), 200),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/me',
        tags: ['Accounts'],
        summary: 'Delete my account and everything in it',
        request: jsonBody(contract.AccountDeletion),
        responses: { ...noContent, ...errors(400, 401, 403, 409, 429) },
      }),
      async (c) => {
        await deleteAccount(deps, c.var.caller, null, c.req.valid('json'), clientOf(c));
        deleteCookie(c, sessionCookie, { path: '/', secure: c.var.address.secure });
        c.header('clear-site-data', '"cache"');
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/me/password',
        tags: ['Accounts'],
        summary: 'Change my password; my other sessions end',
        request: jsonBody(contract.PasswordChange),
        responses: { ...noContent, ...errors(400, 401, 403, 429) },
      }),
      async (c) => {
        await changePassword(deps, c.var.caller, c.req.valid('json'), clientOf(c));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/sessions',
        tags: ['Accounts'],
        summary: 'Where I am signed in',
        request: paged,
        responses: { 200: json(contract.SessionList, 'My sessions'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listSessions(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/sessions',
        tags: ['Accounts'],
        summary: 'Sign out everywhere else',
        responses: { ...noContent, ...errors(401, 403) },
      }),
      async (c) => {
        await revokeOtherSessions(deps, c.var.caller, clientOf(c));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/sessions/{id}',
        tags: ['Accounts'],
        summary: 'End a session',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await revokeSession(deps, c.var.caller, c.req.valid('param').id, clientOf(c));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/api-keys',
        tags: ['API keys'],
        summary: 'My API keys',
        request: paged,
        responses: { 200: json(contract.ApiKeyList, 'My keys, without the keys themselves'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listApiKeys(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/api-keys',
        tags: ['API keys'],
        summary: 'Make an API key',
        request: jsonBody(contract.NewApiKey),
        responses: { 201: json(contract.CreatedApiKey, 'The key, shown this once'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await createApiKey(deps, c.var.caller, c.req.valid('json'), clientOf(c)), 201),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/api-keys/{id}',
        tags: ['API keys'],
        summary: 'Revoke an API key',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await revokeApiKey(deps, c.var.caller, c.req.valid('param').id, clientOf(c));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/users',
        tags: ['Administration'],
        summary: 'Everybody who has an account',
        request: paged,
        responses: { 200: json(contract.UserList, 'Accounts'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await admin.listUsers(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/users',
        tags: ['Administration'],
        summary: 'Make an account for somebody, who sets the password by a link',
        request: jsonBody(contract.NewUser),
        responses: {
          201: json(contract.CreatedUser, 'The account, and the link, shown this once'),
          ...errors(400, 401, 403, 409),
        },
      }),
      async (c) => c.json(await admin.createUser(deps, c.var.caller, c.req.valid('json'), clientOf(c)), 201),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/users/{id}',
        tags: ['Administration'],
        summary: 'Disable or enable an account, or change its role or its quotas',
        request: { ...byId, ...jsonBody(contract.AccountState) },
        responses: { 200: json(contract.User, 'Changed'), ...errors(400, 401, 403, 404, 409) },
      }),
      async (c) =>
        c.json(
          await admin.changeUser(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json'), clientOf(c)),
          200,
        ),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/users/{id}',
        tags: ['Administration'],
        summary: 'Delete an account and everything in it',
        request: { ...byId, ...jsonBody(contract.AccountDeletion) },
        responses: { ...noContent, ...errors(400, 401, 403, 404, 409, 429) },
      }),
      async (c) => {
        await deleteAccount(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json'), clientOf(c));
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/users/{id}/reset-link',
        tags: ['Administration'],
        summary: 'Make a one-use link that sets a new password',
        request: byId,
        responses: { 201: json(contract.ResetLink, 'The link, shown this once'), ...errors(401, 403, 404) },
      }),
      async (c) => c.json(await admin.createResetLink(deps, c.var.caller, c.req.valid('param').id, clientOf(c)), 201),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/invitations',
        tags: ['Administration'],
        summary: 'Invitations that have not expired',
        request: paged,
        responses: { 200: json(contract.InvitationList, 'Invitations'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await invitations.listInvitations(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/invitations',
        tags: ['Administration'],
        summary: 'Make an invitation',
        responses: { 201: json(contract.CreatedInvitation, 'The link, shown this once'), ...errors(401, 403) },
      }),
      async (c) => c.json(await invitations.createInvitation(deps, c.var.caller, clientOf(c)), 201),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/invitations/{id}',
        tags: ['Administration'],
        summary: 'Take an invitation back',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await invitations.revokeInvitation(deps, c.var.caller, c.req.valid('param').id, clientOf(c));
        return c.body(null, 204);
      },
    );
}
