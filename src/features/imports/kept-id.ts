import { createHash } from 'node:crypto';

/** As RFC 9562 has them: others that look alike are addressed by nobody here, since the API takes them for no ids. */
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** An earlier id in the form in which it can be kept here; null where it cannot. */
export const toKeptId = (earlierId: string): string | null => {
  const lower = earlierId.toLowerCase();
  return uuid.test(lower) ? lower : null;
};

/** What `imported` takes, in characters. */
const longest = 1024;

/**
 * What something is written down by that an earlier system knows by this: a path may be longer than what is kept, and a row may have
 * what a text here cannot. Of such a one it is a digest, with the end of it for whoever reads it.
 * @param most characters
 */
export function toWrittenId(earlierId: string, most = longest): string {
  if (earlierId.length <= most && !earlierId.includes('\0')) return earlierId;
  const digest = `sha256:${createHash('sha256').update(earlierId).digest('hex')}:`;
  return (
    digest +
    earlierId
      .replaceAll('\0', '')
      .slice(-(most - digest.length))
      .toWellFormed()
  );
}
