export { sessionCookie } from './cookie.ts';
export { type Credentials, createCredentials, type Shown } from './credentials.ts';
export type { AccountDeps } from './deps.ts';
export { ensureFirstAccount } from './ensure-first-account.ts';
export { createPasswords } from './passwords.ts';
export { accountRoutes } from './routes.ts';
export { createSignInLimits } from './sign-in-limits.ts';
export { sweepSessions } from './sweep-sessions.ts';
export { createBearerTokens, deriveKey, newSecret } from './tokens.ts';
