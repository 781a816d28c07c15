import type { z } from 'zod';
import { type Outbound, type OutboundAnswer, OutboundError, type OutboundRequest } from '#platform/http/outbound.ts';
import { BackendError } from '../backend.ts';
import { signedIn, signInStatus } from './answers.ts';
import { explainFailure } from './explain-failure.ts';

interface Account {
  readonly email: string;
  readonly password: string;
}

/** Asks one InvokeAI, signed in where it wants that. Everything it throws is a BackendError whose cause says more. */
export interface InvokeAiClient {
  ask<Answer>(schema: z.ZodType<Answer>, path: string, request?: OutboundRequest): Promise<Answer>;
  /** As `ask`, for what may be gone. */
  askIfThere<Answer>(schema: z.ZodType<Answer>, path: string, request?: OutboundRequest): Promise<Answer | null>;
  stream(path: string, request?: OutboundRequest): Promise<OutboundAnswer>;
  /** What stands for the account; null where there are no accounts. */
  token(): Promise<string | null>;
}

export interface ClientDeps {
  readonly outbound: Outbound;
  readonly account: Account | null;
  /** Refuses one that everybody may use who finds it. */
  readonly requireSignIn: boolean;
  /** Makes the account an administrator of one that has none, before anybody else does. */
  readonly claim: boolean;
}

export function createClient(deps: ClientDeps): InvokeAiClient {
  const { outbound } = deps;
  let session: Promise<string | null> | null = null;

  /** One sign-in for all who wait for it; none of them can call it off for the others. */
  function token(): Promise<string | null> {
    session ??= signIn(deps).catch((error: unknown) => {
      session = null;
      throw explainFailure(error);
    });
    return session;
  }

  async function send<Result extends { readonly headers: OutboundAnswer['headers'] }>(
    by: (path: string, request: OutboundRequest) => Promise<Result>,
    path: string,
    request: OutboundRequest = {},
    isAgain = false,
  ): Promise<Result> {
    const used = session;
    const bearer = await token();
    const headers = { ...request.headers, ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) };
    try {
      const answer = await by(path, { ...request, headers });
      const refreshed = answer.headers['x-refreshed-token'];
      if (bearer && typeof refreshed === 'string' && refreshed) session = Promise.resolve(refreshed);
      return answer;
    } catch (error) {
      // The token is over, or accounts were switched on since. What is refused was not done, so that it may be sent again.
      if (!(error instanceof OutboundError && error.status === 401) || isAgain) throw error;
      if (session === used || used === null) session = null;
      return send(by, path, request, true);
    }
  }

  async function ask<Answer>(schema: z.ZodType<Answer>, path: string, request?: OutboundRequest): Promise<Answer> {
    try {
      const { value } = await send(outbound.json, path, request);
      return schema.parse(value);
    } catch (error) {
      throw explainFailure(error);
    }
  }

  return {
    ask,
    async askIfThere(schema, path, request) {
      try {
        return await ask(schema, path, request);
      } catch (error) {
        if (isGone(error)) return null;
        throw error;
      }
    },
    async stream(path, request) {
      try {
        return await send(outbound.request, path, request);
      } catch (error) {
        throw explainFailure(error);
      }
    },
    token,
  };
}

/** A 404 of InvokeAI's own; the gateway before one that is switched off has none of that form. */
export function isGone(error: unknown): boolean {
  const cause = error instanceof BackendError ? error.cause : error;
  return cause instanceof OutboundError && cause.status === 404 && /^\s*\{\s*"detail"/.test(cause.body);
}

/** @returns the token, or null where there are no accounts. @throws BackendError, OutboundError */
async function signIn({ outbound, account, requireSignIn, claim }: ClientDeps): Promise<string | null> {
  const status = await outbound.json('/api/v1/auth/status').then(
    ({ value }) => signInStatus.parse(value),
    (error: unknown) => {
      // Versions before 6.12 have no accounts.
      if (isGone(error)) return null;
      throw error;
    },
  );
  if (!status?.multiuser_enabled) {
    if (requireSignIn) throw refusal('InvokeAI stands open to everybody. Switch its sign-in on.');
    return null;
  }
  if (status.setup_required && !(claim && account)) {
    throw refusal('InvokeAI has no administrator yet. Open it and set it up.');
  }
  if (!account)
    throw refusal('InvokeAI asks for a sign-in. An administrator must set an email address and a password.');
  if (status.setup_required) {
    const setup = { email: account.email, password: account.password, display_name: 'Tintype' };
    await outbound.json('/api/v1/auth/setup', { method: 'POST', json: setup });
  }
  const json = { email: account.email, password: account.password, remember_me: true };
  try {
    const { value } = await outbound.json('/api/v1/auth/login', { method: 'POST', json });
    return signedIn.parse(value).token;
  } catch (error) {
    const answer = error instanceof OutboundError ? error.status : null;
    if (answer === 401 || answer === 422) throw refusal('InvokeAI refuses the email address or the password.', error);
    if (answer === 403) throw refusal('The account at InvokeAI is switched off.', error);
    throw error;
  }
}

const refusal = (message: string, cause?: unknown) =>
  new BackendError('invokeai_connection_error', message, { isTransient: false, cause });
