import { OutboundError } from '#platform/http/outbound.ts';
import { BackendError, type BackendErrorCode } from './backend.ts';

/** How long maintenance is given before it is asked again whether it is over. */
const maintenanceMs = 30_000;

/**
 * What went wrong on the way to a backend and back, as a sentence for whoever waits.
 * @param called what people know it by
 */
export function explainOutbound(error: unknown, called: string): BackendError {
  if (error instanceof BackendError) return error;
  if (!(error instanceof OutboundError)) {
    return new BackendError('invokeai_connection_error', `${called} answered with something else than was expected.`, {
      isTransient: true,
      cause: error,
    });
  }
  const {
    code = 'invokeai_connection_error',
    message,
    isTransient = true,
    retryAfterMs = error.retryAfterMs,
  } = error.kind === 'status' ? explainStatus(error, called) : explainKind(error, called);
  return new BackendError(code, message, { isTransient, retryAfterMs, cause: error });
}

interface Explanation {
  readonly code?: BackendErrorCode;
  readonly message: string;
  readonly isTransient?: boolean;
  readonly retryAfterMs?: number;
}

function explainKind({ kind, message }: OutboundError, called: string): Explanation {
  switch (kind) {
    case 'forbidden':
      return { message: `The address of ${called} leads to a place where nothing may be sent.`, isTransient: false };
    case 'redirected':
      return {
        message: `The address of ${called} sends elsewhere. An administrator must set the address it sends to.`,
        isTransient: false,
      };
    case 'unreachable':
      return { message: `${called} cannot be reached: ${message}` };
    case 'timeout':
      return { message: `${called} did not answer in time.` };
    case 'broken':
      return { message: `${called} ended the connection before its answer was complete.` };
    case 'aborted':
      return { message: `The request to ${called} was given up.` };
    default:
      return { message: `What answers at the address of ${called} does not answer as ${called} does.` };
  }
}

function explainStatus({ status }: OutboundError, called: string): Explanation {
  switch (status) {
    case 401:
    case 403:
      return {
        message: `${called} refuses the account that it is used with. An administrator must check it.`,
        isTransient: false,
      };
    case 409:
      return { message: `${called} is being maintained.`, retryAfterMs: maintenanceMs };
    case 413:
    case 415:
      return {
        code: 'invokeai_graph_error',
        message: `${called} does not take this photo. Choose another one to start from.`,
        isTransient: false,
      };
    case 400:
    case 422:
      return {
        code: 'invokeai_graph_error',
        message: `${called} refuses what was asked of it. It may be of a version that this server does not know.`,
        isTransient: false,
      };
    case 404:
    case 405:
      return { message: `What answers at the address of ${called} does not answer as ${called} does (404).` };
    case 502:
    case 503:
    case 504:
    case 524:
      return { message: `${called} is not up, or too busy to answer (${status}).` };
    default:
      return { message: `${called} answered with an error (${status}).` };
  }
}
