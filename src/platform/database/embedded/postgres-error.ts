/** The embedded PostgreSQL cannot run; the message is one sentence for whoever starts the server. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
}

// What initdb and postgres print, and the sentence that helps. The first match wins.
const explanations: [RegExp, (dataDir: string) => string][] = [
  [
    /could not look up effective user ID/,
    () =>
      'PostgreSQL makes its files only for a user with a name: give the user who starts Tintype a line in /etc/passwd, or set DATABASE_URL.',
  ],
  [/No space left on device/, (dir) => `The disk of ${dir} is full: free some space and start again.`],
  [
    /Read-only file system|could not (?:create|open|access|write)[^\n]*Permission denied/,
    (dir) => `${dir} cannot be written: give it to the user who starts Tintype, or set TINTYPE_DATA to another folder.`,
  ],
  [
    /database files are incompatible with server/,
    (dir) =>
      `The database in ${dir} was made by another version of PostgreSQL: start it with the Tintype that made it.`,
  ],
  [
    /could not locate a valid checkpoint|invalid checkpoint|could not (?:open|read) file "(?:global|base|pg_)|incorrect checksum|is not a valid data directory|could not open (?:configuration )?file|could not find the database system/,
    (dir) => `The database in ${dir} is damaged: restore that folder from a backup (postgres.log says what is wrong).`,
  ],
  [
    /Cannot allocate memory|could not (?:map|create shared memory)/,
    () => 'There is not enough memory to start PostgreSQL: about 200 MB must be free.',
  ],
  [
    /error while loading shared libraries|Library not loaded|not found \(required by|version `GLIBC/,
    () =>
      'PostgreSQL does not run on this system (a library is missing or too old): set DATABASE_URL to a PostgreSQL ≥ 15 of your own.',
  ],
];

/** Turns what a failed initdb or postgres printed into one sentence; what is unknown is quoted. */
export function explainFailure(output: string, dataDir: string): EmbeddedPostgresError {
  const known = explanations.find(([pattern]) => pattern.test(output));
  if (known) return new EmbeddedPostgresError(known[1](dataDir), { cause: output });
  const lines = output.trim().split('\n');
  const line = lines.findLast((text) => /FATAL|PANIC|error:/.test(text)) ?? lines.at(-1) ?? '';
  return new EmbeddedPostgresError(`PostgreSQL did not start in ${dataDir}: ${line.trim() || 'it said nothing'}.`, {
    cause: output,
  });
}
