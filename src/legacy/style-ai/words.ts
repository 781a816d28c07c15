import type { AppError } from '#platform/http/app-error.ts';
import type { Missing } from '../authenticate.ts';
import type { Refusal, Refuse } from '../system.ts';

/** What the earlier system's library for tokens says, in the key it says it in. */
const tokenRefusals: Readonly<Record<Missing, Refusal>> = {
  none: { status: 401, body: { msg: 'Missing Authorization Header' } },
  malformed: {
    status: 422,
    body: { msg: "Bad Authorization header. Expected 'Authorization: Bearer <JWT>'" },
  },
  garbled: { status: 422, body: { msg: 'Signature verification failed' } },
  expired: { status: 401, body: { msg: 'Token has expired' } },
  ended: { status: 401, body: { msg: 'Token has been revoked' } },
  signature: { status: 401, body: { msg: 'This address is no longer good. Ask for the images again' } },
};

const isMissing = (reason: unknown): reason is Missing =>
  typeof reason === 'string' && Object.hasOwn(tokenRefusals, reason);

/** The earlier system's way to say no: `{error}` everywhere, but for tokens, of which a library of its own spoke. */
export const refuse: Refuse = (error, { path }) => {
  const { code, message, details } = error;
  switch (code) {
    case 'unauthorized':
      // Whoever was let in and is nobody after all was deleted meanwhile.
      return isMissing(details.reason)
        ? tokenRefusals[details.reason]
        : { status: 404, body: { error: 'User not found' } };
    case 'not_found':
      return { status: 404, body: { error: absentAt(path) } };
    case 'method_not_allowed':
      return { status: 405, body: { error: 'Method not allowed', message } };
    case 'rate_limited':
      return {
        status: 429,
        body: { error: message, ...pick(details, 'rate_limit_info'), ...pick(details, 'retry_after') },
      };
    case 'quota_exceeded':
      return {
        status: 429,
        body: { error: `No image credits remaining. ${message}`, upgrade_required: true, remaining: 0 },
      };
    case 'too_large':
      return { status: 413, body: { error: tooLarge(error) } };
    // Whatever is wrong with a picture, its clients know as a bad request.
    case 'undecodable':
    case 'unsupported_media_type':
      return { status: 400, body: { error: message } };
    case 'server_error':
      return { status: 500, body: { error: message, error_type: 'ServerError' } };
    default:
      return { status: error.status, body: { error: inItsFields(message) } };
  }
};

/** At sign-up and sign-in, where `unauthorized` is about a password. */
export const refuseAtTheDoor: Refuse = (error, request) => {
  const { code, details } = error;
  if (code === 'unauthorized' && !isMissing(details.reason)) {
    return {
      status: 401,
      body: { error: error.cause === 'disabled' ? 'Account is deactivated' : 'Invalid credentials' },
    };
  }
  if (code === 'conflict' && details.field === 'username') {
    return { status: 400, body: { error: 'Username already exists' } };
  }
  if (code === 'conflict' && details.field === 'email') return { status: 400, body: { error: 'Email already exists' } };
  return refuse(error, request);
};

function absentAt(path: string): string {
  if (/^\/prompts\b/.test(path)) return 'Prompt not found';
  return /^\/(images|uploads|download-image)\b/.test(path) ? 'Image not found' : 'Not found';
}

function tooLarge({ message, details }: AppError): string {
  const { limit } = details;
  if (typeof limit !== 'number') return message;
  const most = limit < 2 ** 20 ? `${Math.floor(limit / 1024)} KB` : `${Math.floor(limit / 2 ** 20)} MB`;
  return `Too large: ${most} at the most`;
}

const pick = (details: Record<string, unknown>, name: string): Record<string, unknown> =>
  details[name] === undefined ? {} : { [name]: details[name] };

/** What is checked under the names of today is told under those of then. */
const inItsFields = (message: string): string =>
  message.replace(/^name: /, 'title: ').replace(/^category: /, 'style_type: ');
