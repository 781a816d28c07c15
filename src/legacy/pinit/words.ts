import type { AppError } from '#platform/http/app-error.ts';
import { isSignIn } from '../authenticate.ts';
import type { Refusal, Refuse } from '../system.ts';

/** What one image may have at the most. */
export const mostBytes = 10 * 2 ** 20;

const challenge = { 'www-authenticate': 'Bearer realm="api"' };

/** Whoever shows no token, or one that is none, is told by the framework, in the same words on all routes. */
function refuseSignIn({ details: { reason } }: AppError): Refusal {
  if (reason === 'none' || reason === 'malformed' || reason === 'signature') {
    return { status: 401, headers: challenge, body: { detail: 'Authentication credentials were not provided.' } };
  }
  return {
    status: 401,
    headers: challenge,
    body: {
      detail: 'Given token not valid for any token type',
      code: 'token_not_valid',
      messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid or expired' }],
    },
  };
}

const said: Partial<Record<AppError['code'], string>> = {
  method_not_allowed: 'Method not allowed',
  not_found: 'Image not found',
  unsupported_media_type: 'Unsupported file format',
};

/** `{error}`: all that has to do with images. */
export const refuseImages: Refuse = (error) => {
  if (isSignIn(error)) return refuseSignIn(error);
  if (error.code === 'not_found' && error.details.field === 'username') {
    return { status: 404, body: { error: 'User not found' } };
  }
  // A library may allow less than that.
  if (error.code === 'too_large' && Number(error.details.limit) >= mostBytes) {
    return { status: 413, body: { error: 'File size exceeds 10MB limit' } };
  }
  return { status: error.status, body: { error: said[error.code] ?? error.message } };
};

/** As all of them do, where a picture that lies in the trash is meant: to its clients it is deleted. */
export const refuseTrashed: Refuse = (error, request) =>
  error.code === 'conflict' ? { status: 404, body: { error: said.not_found } } : refuseImages(error, request);

/** `{success, message}`: signing up, in and out. */
export const refuseAccounts: Refuse = (error) => {
  if (isSignIn(error)) return refuseSignIn(error);
  const refusal = (status: number, message: string): Refusal => ({ status, body: { success: false, message } });
  if (error.code === 'unauthorized') return refusal(401, 'Invalid username or password.');
  if (error.code === 'conflict') return refusal(400, 'Username already exists.');
  return refusal(error.status, said[error.code] ?? error.message);
};

/** `{detail}`: tokens, of which the framework's own package answers. */
export const refuseTokens =
  (unauthorized: Record<string, string>): Refuse =>
  (error, { method }) => {
    if (error.code === 'unauthorized') return { status: 401, headers: challenge, body: unauthorized };
    if (error.code === 'method_not_allowed')
      return { status: 405, body: { detail: `Method "${method}" not allowed.` } };
    return { status: error.status, body: { detail: error.message } };
  };
