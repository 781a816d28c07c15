import { AsyncLocalStorage } from 'node:async_hooks';

/** What one request leaves in its log line. */
export interface RequestContext {
  readonly id: string;
  queries: number;
  userId: string | null;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

/** Counts one query on the request under way; kysely calls it after each. */
export function countQuery(): void {
  const context = requestContext.getStore();
  if (context) context.queries += 1;
}
