export { sessionCookie } from './cookie.ts';
export { createConsoleResetLink } from './create-console-reset-link.ts';
export { createCredentials, type Shown } from './credentials.ts';
export { ensureFirstAccount } from './ensure-first-account.ts';
export { accountJobHandlers, accountJobs } from './jobs.ts';
export { createPasswords } from './passwords.ts';
export { accountRoutes } from './routes.ts';
export { createSignInLimits } from './sign-in-limits.ts';
export { createBearerTokens, deriveKey, newSecret } from './tokens.ts';
