import { createWriteStream, type WriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import type { BroughtOrganization } from './bring-organization.ts';
import type { BroughtPerson } from './bring-person.ts';
import { type Passed, reasons } from './earlier-system.ts';
import { ImportError } from './import-error.ts';
import type { ImportCounts } from './import-library.ts';

export interface Report {
  skipped(passed: Passed): void;
  person(person: BroughtPerson): void;
  organization(organization: BroughtOrganization): void;
  /** Writes the counts and closes it. */
  end(counts: ImportCounts | null): Promise<void>;
}

/** For an import that writes none. */
export const noReport: Report = { skipped: () => {}, person: () => {}, organization: () => {}, end: async () => {} };

/**
 * A report that is written as things come, for its owner's eyes alone: names of files are somebody's.
 * @throws ImportError where there is a file already and it was not said to be replaced
 */
export async function openReport(path: string, options: { force: boolean; title: string }): Promise<Report> {
  const handle = await open(path, options.force ? 'w' : 'wx', 0o600).catch(
    (error: { code?: string; message: string }) => {
      throw new ImportError(
        error.code === 'EEXIST'
          ? `${path} is there already: name another file for the report, or replace it with --force.`
          : `The report cannot be written: ${error.message}`,
      );
    },
  );
  const stream: WriteStream = createWriteStream(path, { fd: handle });
  const failed = finished(stream).catch((error: Error) => error);
  const write = (line: string): void => void stream.write(`${line}\n`);
  write(options.title);
  return {
    skipped: ({ name, why }) => write(`skipped ${JSON.stringify(name)}: ${reasons[why]}`),
    person({ outcome, username, notes }) {
      if (outcome === 'skipped' || notes.length > 0) {
        write(`${outcome === 'skipped' ? 'left out' : 'person'} ${JSON.stringify(username)}: ${notes.join('; ')}`);
      }
    },
    organization({ outcome, name, notes }) {
      const what = outcome === 'skipped' ? 'left out organization' : 'organization';
      if (notes.length > 0) write(`${what} ${JSON.stringify(name)}: ${notes.join('; ')}`);
    },
    async end(counts) {
      write(counts ? tellCounts(counts).join('\n') : 'It was ended before all was done: run it again to go on.');
      stream.end();
      const error = await failed;
      if (error) throw new ImportError(`The report could not be written to its end: ${error.message}`);
    },
  };
}

/** Sentences for whoever ran it. */
export function tellCounts(counts: ImportCounts): string[] {
  const { people, organizations, pictures, photos, albums, reasons: why } = counts;
  const were = people.made + people.matched + people.there + people.skipped;
  return [
    ...(were > 0
      ? [
          `People: ${people.made} made, ${people.matched} joined to accounts with their e-mail, ${people.there} there already, ${people.skipped} left out.`,
        ]
      : []),
    ...(organizations
      ? [
          `Organizations: ${organizations.made} made, ${organizations.there} there already, ${organizations.skipped} left out.`,
        ]
      : []),
    ...(pictures
      ? [
          `Public pictures: ${pictures.shown} shown, ${pictures.there} there already, ${pictures.kept} not in place of one that is shown here, ${pictures.skipped} skipped.`,
        ]
      : []),
    `Photos: ${photos.brought} brought, ${photos.there} there already, ${photos.duplicate} the same as another of their owner's, ${photos.skipped} skipped.`,
    ...(photos.aside > 0
      ? [`Kept aside for an administrator, since nobody is known to own them: ${photos.aside}.`]
      : []),
    `Albums: ${albums} made.`,
    ...Object.entries(why).map(([reason, count]) => `  ${count} skipped: ${reasons[reason as keyof typeof reasons]}`),
  ];
}
