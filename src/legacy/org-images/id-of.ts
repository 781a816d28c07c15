import { AppError } from '#platform/http/app-error.ts';
import type { LegacyContext } from '../system.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * The id in the path.
 * @param name what the system calls it
 * @throws AppError `validation_error`, which it tells with 422
 */
export function idOf(c: LegacyContext, name: string): string {
  const id = c.req.param('id') ?? '';
  if (uuid.test(id)) return id.toLowerCase();
  const msg = 'Input should be a valid UUID, invalid character found';
  const fault = { type: 'uuid_parsing', loc: ['path', name], msg, input: id };
  throw new AppError('validation_error', `${name}: ${msg}.`, { fault });
}
