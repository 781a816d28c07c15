import { createWriteStream, type WriteStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
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
 * What an import is called in its report: two that have the same title are the same, so that the one may go on in the other's file.
 * @param about.from paths and addresses of what is brought
 * @param about.user whose it becomes, where the import names somebody
 */
export function reportTitle(about: {
  system: string;
  from: readonly (string | undefined)[];
  user: string | undefined;
  dryRun: boolean;
}): string {
  const { system, from, user, dryRun } = about;
  const sources = from.filter((source) => source !== undefined).map((source) => JSON.stringify(nameOf(source)));
  const whose = user === undefined ? '' : ` for ${JSON.stringify(user)}`;
  return `${dryRun ? 'A dry run of importing' : 'Importing'} ${system} from ${sources.join(', ')}${whose}`;
}

/** A path from wherever it is given; of an address nothing that opens what it leads to. */
function nameOf(source: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return resolve(source);
  const [address = '', settings] = source.split(/[?#]/, 2);
  // Where a database is reached by a socket, this alone says which.
  const host = new URLSearchParams(settings).get('host');
  return `${address.replace(/^([^/]*\/\/[^:/]*)[^/]*@/, '$1@')}${host === null ? '' : `?host=${host}`}`;
}

/**
 * A report that is written as things come, for its owner's eyes alone: names of files are somebody's.
 * One of the same import that was ended early goes on in its file.
 * @throws ImportError where there is another file already and it was not said to be replaced
 */
export async function openReport(path: string, options: { force: boolean; what: string }): Promise<Report> {
  const { force, what } = options;
  const handle = await open(path, force ? 'w' : 'wx', 0o600).catch(
    async (error: { code?: string; message: string }) => {
      if (error.code !== 'EEXIST') throw new ImportError(`The report cannot be written: ${error.message}`);
      if (isUnfinished(await readFile(path, 'utf8').catch(() => ''), what)) return open(path, 'a');
      throw new ImportError(`${path} is there already: name another file for the report, or replace it with --force.`);
    },
  );
  const stream: WriteStream = createWriteStream(path, { fd: handle });
  const failed = finished(stream).catch((error: Error) => error);
  const write = (line: string): void => void stream.write(`${line.replace(/[\r\n]+/g, ' ')}\n`);
  const facts = await handle.stat();
  // One that was there may be open to others. A disk that keeps no modes refuses, and a device is none of ours.
  if (facts.isFile()) await handle.chmod(0o600).catch(() => {});
  // Whatever was written last when it was killed.
  if (facts.size > 0) write('');
  write(`${what}, ${new Date().toISOString()}`);
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
      for (const line of counts ? tellCounts(counts) : ['It was ended before all was done: run it again to go on.']) {
        write(line);
      }
      stream.end();
      const error = await failed;
      if (error) throw new ImportError(`The report could not be written to its end: ${error.message}`);
    },
  };
}

/** Whether a report is of an import like this one, and of one that was ended, or killed, before all was done. */
function isUnfinished(report: string, what: string): boolean {
  const lines = report.split('\n');
  const isTitle = (line: string): boolean => line.startsWith(`${what}, `);
  if (!isTitle(lines[0] ?? '')) return false;
  return !lines.slice(lines.findLastIndex(isTitle)).some((line) => /^Albums: \d+ made\.$/.test(line));
}

/** Sentences for whoever ran it. */
export function tellCounts(counts: ImportCounts): string[] {
  const { people, organizations, pictures, photos, albums, reasons: why } = counts;
  const { named = 0 } = people;
  const were = people.made + people.matched + named + people.there + people.skipped;
  return [
    ...(were > 0
      ? [
          `People: ${people.made} made, ${people.matched} joined to accounts with their e-mail, ${named > 0 ? `${named} to accounts that were named, ` : ''}${people.there} there already, ${people.skipped} left out.`,
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
    ...Object.entries(why)
      .sort(([one, a], [other, b]) => b - a || one.localeCompare(other))
      .map(([reason, count]) => `  ${count} skipped: ${reasons[reason as keyof typeof reasons]}`),
    ...(why.no_room ? ['Give them room (Settings → People, or ask whoever administers this), and run it again.'] : []),
  ];
}
