import type { z } from '@hono/zod-openapi';
import { AppError } from './app-error.ts';

/** What a schema refused, as the API tells it: the first issue in the message, all of them in the details. */
export function toValidationError(error: z.ZodError, within?: string): AppError {
  const issues = error.issues.map((issue) => ({
    field: [...(within ? [within] : []), ...issue.path].join('.') || null,
    message: issue.code === 'unrecognized_keys' ? `Unknown: ${issue.keys.join(', ')}.` : toSentence(issue.message),
  }));
  const first = issues[0];
  return new AppError(
    'validation_error',
    first?.field ? `${first.field}: ${first.message}` : (first?.message ?? 'This request is not valid.'),
    { field: first?.field ?? null, issues },
  );
}

/**
 * What came by a way that the router does not look at, such as the fields of a form.
 * @param within the field that the value stands in
 * @throws AppError `validation_error`
 */
export function requireValid<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  within?: string,
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw toValidationError(error, within);
}

const toSentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
