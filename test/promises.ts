import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the server promises. `docs/promises.md` lists them with what the tests counted. */
export const promises = {
  1: 'Acknowledged is kept: a photo that was answered survives a kill at any moment, byte for byte; one that was not is absent or complete, and can be sent again.',
  2: 'Originals come back byte for byte.',
  3: 'Nobody reads, infers or changes what belongs to another. Absent and forbidden answer alike.',
  4: 'Revoked means revoked on the next request; on another server as soon as the database has told it.',
  5: 'No input crashes or starves the server.',
  6: 'No request leaves for an address that is not configured.',
  7: 'A failed upload leaves nothing behind.',
  8: 'Derivatives carry no place and no camera data.',
  9: 'A backup restores whole.',
  10: 'Storage moves without loss.',
  11: 'What happens at once comes out right: the same bytes make one blob, the first account is one.',
  12: 'A server may die.',
} as const;

export type PromiseNumber = keyof typeof promises;

export interface Count {
  readonly promise: PromiseNumber;
  /** What was tried, in a few words. */
  readonly what: string;
  readonly tried: number;
  readonly held: number;
  /** Of the random choices, where there were any. */
  readonly seed?: number | string;
}

/**
 * Writes down what a test counted, for `npm run promises`; does nothing otherwise. The test itself asserts.
 */
export function countPromise(count: Count): void {
  const folder = process.env.TINTYPE_PROMISES;
  if (folder) appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(count)}\n`);
}
