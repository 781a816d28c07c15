import { BackendError } from '../backend.ts';
import { explainOutbound } from '../explain-outbound.ts';
import type { Item } from './answers.ts';

/** How long a full queue is given before it is asked again. */
const fullMs = 30_000;

export const explainFailure = (error: unknown): BackendError => explainOutbound(error, 'InvokeAI');

/** Why an item of its queue came to nothing. */
export function explainItem({ status, error_type: type, error_message: text }: Item): BackendError {
  const cause = type || text ? new Error(`${type ?? 'Error'}: ${text ?? ''}`) : undefined;
  if (status === 'canceled') {
    const message = 'The picture was cancelled at InvokeAI, or InvokeAI was restarted while it was being made.';
    return new BackendError('invokeai_generation_error', message, { cause });
  }
  if (/OutOfMemory/i.test(type ?? '') || /out of memory/i.test(text ?? '')) {
    const message = 'InvokeAI ran out of memory. Ask for a smaller picture, or for another model.';
    return new BackendError('invokeai_generation_error', message, { cause });
  }
  if (/Model/.test(type ?? '') || /(unknown|missing) model|model .*not (found|exist)/i.test(text ?? '')) {
    const message = 'InvokeAI cannot load the model. Choose another one.';
    return new BackendError('invokeai_model_error', message, { cause });
  }
  if (status === 'completed') {
    const message = 'InvokeAI says that it is done, and has no picture: it may have been deleted there.';
    return new BackendError('invokeai_generation_error', message, { cause });
  }
  const why = firstLine(text);
  const message = `InvokeAI could not make the picture${why ? `: ${why}` : ''}.`;
  return new BackendError('invokeai_generation_error', message, { cause });
}

/** What is said in one line, without the other machine's paths. */
function firstLine(text: string | null | undefined): string {
  const line = (text ?? '').split('\n', 1)[0] ?? '';
  return line
    .replace(/\p{Cc}/gu, ' ')
    .replace(/(?:[A-Za-z]:)?[\\/][^\s'"]*[\\/][^\s'"]*/g, '…')
    .trim()
    .slice(0, 160)
    .replace(/[.\s]+$/, '');
}

export const lost = () =>
  new BackendError('invokeai_generation_error', 'InvokeAI no longer knows of this picture: its queue was cleared.');

export const queueFull = () =>
  new BackendError('invokeai_connection_error', 'The queue of InvokeAI is full.', {
    isTransient: true,
    retryAfterMs: fullMs,
  });
