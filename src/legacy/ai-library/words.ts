import type { AppError } from '#platform/http/app-error.ts';
import { isSignIn } from '../authenticate.ts';
import type { Refusal, Refuse } from '../system.ts';

/** What its middleware says of each way in which a token is none. */
function whyNobody({ details: { reason } }: AppError): string {
  if (reason === 'none') return 'No authentication token provided';
  if (reason === 'expired') return 'Token expired';
  return reason === 'ended' || reason === 'signature' ? 'Invalid authentication token' : 'Invalid token';
}

const failed = (status: number, error: string): Refusal => ({ status, body: { success: false, error } });
const bare = (status: number, error: string): Refusal => ({ status, body: { error } });

/** It knows no method that is not allowed: an address with another is another address. */
const isNowhere = ({ code }: AppError): boolean => code === 'not_found' || code === 'method_not_allowed';

/** Whose image, and which: the addresses that answer bytes. */
const imageAddress = /^\/(api\/ai|uploads)\/images\/[^/]+\/[^/]+$/;

/** `{success, error}`: accounts, who is not signed in, and what is not there. */
export const refuse: Refuse = (error, request) => {
  if (isSignIn(error)) return failed(401, whyNobody(error));
  if (imageAddress.test(request.path) && error.code !== 'method_not_allowed') return refuseImages(error, request);
  return isNowhere(error) ? failed(404, 'Endpoint not found') : failed(error.status, error.message);
};

/** `{error}`: images. */
export const refuseImages: Refuse = (error) => {
  if (isSignIn(error)) return failed(401, whyNobody(error));
  if (error.code === 'method_not_allowed') return failed(404, 'Endpoint not found');
  return bare(error.status, error.code === 'not_found' ? 'Image not found' : error.message);
};

/** `{error, message}` where a list could not be made, else `{error}`. */
export const refuseListing: Refuse = (error, request) =>
  error.status < 500
    ? refuseImages(error, request)
    : { status: error.status, body: { error: 'Failed to fetch images', message: error.message } };

/** `{error, message}`: an image that could not be made. */
export const refuseMaking: Refuse = (error, request) => {
  if (error.status < 500 && error.code !== 'invokeai_generation_error') return refuseImages(error, request);
  const status = error.code === 'storage_full' || error.code === 'quota_exceeded' ? error.status : 500;
  return { status, body: { error: 'Image generation failed', message: error.message } };
};

export const refuseAccounts: Refuse = (error, request) => {
  if (isSignIn(error)) return refuse(error, request);
  if (error.code === 'unauthorized') {
    return failed(401, error.cause === 'disabled' ? 'Your account has been deactivated' : 'Invalid email or password');
  }
  if (error.code === 'conflict') return failed(400, 'User with this email or username already exists');
  return refuse(error, request);
};

/** `{valid}`: whether a token is still good. */
export const refuseVerifying: Refuse = (error, request) => {
  if (!isSignIn(error)) return refuse(error, request);
  if (error.details.reason === 'none') return failed(401, 'No token provided');
  return { status: 401, body: { success: false, valid: false, error: 'Invalid token' } };
};
