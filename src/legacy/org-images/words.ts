import type { AppError, ErrorCode } from '#platform/http/app-error.ts';
import type { Missing } from '../authenticate.ts';
import type { Refusal, Refuse } from '../system.ts';

/** One entry of what the system says of a request that does not have the form it should. */
export interface Fault {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
}

const bearer = { 'WWW-Authenticate': 'Bearer' };
const say = (status: number, detail: unknown, headers: Record<string, string> = {}): Refusal => ({
  status,
  body: { detail },
  headers,
});

/** In place of what a use-case says, by code. */
type Words = Readonly<Partial<Record<ErrorCode, string | ((error: AppError) => Refusal)>>>;

/** Refusals as `{detail}`: a sentence, or a list of faults with 422. */
export const refusing =
  (words: Words = {}): Refuse =>
  (error) => {
    const { code, details, status, message } = error;
    const fault = toFault(details);
    if (fault) return say(422, [fault]);
    if (code === 'unauthorized' && details.reason !== undefined) {
      const isMissing = details.reason === ('none' satisfies Missing) || details.reason === 'malformed';
      return say(401, isMissing ? 'Not authenticated' : 'Could not validate credentials', bearer);
    }
    const word = words[code];
    if (typeof word === 'function') return word(error);
    if (word !== undefined) return say(status, word, code === 'unauthorized' ? bearer : {});
    if (code === 'not_found') return say(404, 'Not Found');
    if (code === 'method_not_allowed') return say(405, 'Method Not Allowed');
    if (code === 'server_error') return say(500, 'Internal Server Error');
    return say(status, message, code === 'unauthorized' ? bearer : {});
  };

export const badRequest = (detail: string): Refusal => say(400, detail);

export const missing = (...loc: string[]): { fault: Fault } => ({
  fault: { type: 'missing', loc, msg: 'Field required', input: null },
});

const faults: Record<string, (details: Record<string, unknown>) => Fault> = {
  not_json: () => ({ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {} }),
  not_an_object: () => ({
    type: 'model_attributes_type',
    loc: ['body'],
    msg: 'Input should be a valid dictionary or object to extract fields from',
    input: null,
  }),
  missing: ({ field }) => missing('body', String(field)).fault,
  not_a_form: () => missing('body', 'file').fault,
};

function toFault(details: Record<string, unknown>): Fault | undefined {
  if (typeof details.fault === 'object') return details.fault as Fault;
  return faults[String(details.reason)]?.(details);
}
