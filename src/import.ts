import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, sep } from 'node:path';
import type { Kysely } from 'kysely';
import type { Config } from './config.ts';
import {
  type AccountTables,
  createPasswords,
  findSoleOwner,
  findUserByName,
  newSecret,
} from './features/accounts/index.ts';
import {
  assignEarlier,
  createFolder,
  createGoogleTakeout,
  type EarlierSystem,
  type ImportDeps,
  ImportError,
  importLibrary,
  listAside,
  noReport,
  openAiLibrary,
  openBucket,
  openFilesBelow,
  openImmich,
  openOrgImages,
  openPhotoGallery,
  openPinit,
  openReport,
  openStyleAi,
  reportTitle,
  tellCounts,
} from './features/imports/index.ts';
import { photoJobs } from './features/photos/index.ts';
import { openPlainStore } from './platform/blobs/open-store.ts';
import { settlePlace } from './platform/blobs/storage-place.ts';
import type { Database } from './platform/database/database.ts';
import { openLibrary } from './platform/database/open-library.ts';
import { anonymous } from './platform/database/principal.ts';
import { createImaging } from './platform/imaging/index.ts';
import { createJobs } from './platform/jobs/jobs.ts';
import { createLogger } from './platform/observability/logger.ts';
import { createProgressBar } from './platform/terminal/progress-bar.ts';

type Tx = Kysely<AccountTables>;

/** What each import takes. */
export interface ImportOptions {
  readonly dryRun?: true;
  readonly matchEmails?: true;
  readonly report?: string;
  readonly force?: true;
  readonly user?: string;
}

/** A library of another program that is not open yet. */
export interface Source {
  /** Where it is: paths and addresses, as whoever runs the import names them. */
  readonly from: readonly (string | undefined)[];
  /** @param signal aborts with Ctrl+C, once it is open */
  open(signal: AbortSignal): Promise<EarlierSystem>;
}

/** Where pinit has its files: a folder, or a bucket. */
export interface BucketNames {
  readonly files?: string;
  readonly bucket?: string;
  readonly endpoint?: string;
  readonly region?: string;
}

/**
 * `tintype import …`: opens the library and the other program's, and brings the one into the other. What was brought stays when it is
 * interrupted, and the same command goes on.
 */
export async function bring(config: Config, options: ImportOptions, source: Source): Promise<void> {
  requireLibrary(config);
  await requireElsewhere(config, source.from);
  const stop = new AbortController();
  // Until it is open there is nothing to finish: Ctrl+C ends the process, as it ends any other.
  const system = await source.open(stop.signal);
  try {
    const dryRun = options.dryRun === true;
    const { force, report: path, user } = options;
    const what = reportTitle({ system: system.name, from: source.from, user, dryRun });
    await withLibrary(config, stop, async ({ deps, adminId, signal }) => {
      const namedId = user === undefined ? null : await requireUser(deps.database, adminId, user);
      const closedHash = await createPasswords().hash(newSecret());
      // Once all that was said is known to be so: a name that was mistyped leaves no report.
      const report = path ? await openReport(path, { force: force === true, what }) : noReport;
      let noted = 0;
      const bar = createProgressBar(process.stderr, dryRun ? 'Looking' : 'Importing');
      const counts = await importLibrary(deps, system, {
        dryRun,
        matchEmails: options.matchEmails === true,
        adminId,
        namedId,
        closedHash,
        lanes: config.imagingProcesses ?? Math.min(availableParallelism(), 8),
        signal,
        onProgress: bar.update,
        onSkipped: report.skipped,
        onPerson(person) {
          noted += person.notes.length;
          report.person(person);
        },
        onOrganization(organization) {
          noted += organization.notes.length;
          report.organization(organization);
        },
      })
        .finally(bar.end)
        .catch(async (error) => {
          await report.end(null);
          throw explainRefused(error);
        });
      await report.end(signal.aborted ? null : counts);
      for (const line of tellCounts(counts)) say(line);
      if (counts.people.skipped > 0 && !options.matchEmails) {
        say('With --match-emails, whoever was left out since an account here has their e-mail is joined to it.');
      }
      const skipped = counts.photos.skipped + (counts.pictures?.skipped ?? 0);
      if (!path && skipped + noted > 0) say('With --report FILE, all that was skipped or noted is named, and why.');
      if (signal.aborted) {
        process.exitCode = 1;
        say(dryRun ? 'It was interrupted.' : 'It was interrupted: run the same command again to go on.');
      }
      if (dryRun) say('Nothing was written: it was a dry run.');
    });
  } finally {
    await system.close();
  }
}

/** What PostgreSQL refuses is a sentence as well. */
function explainRefused(error: unknown): unknown {
  const { code, severity, message } = (error ?? {}) as { code?: unknown; severity?: unknown; message?: string };
  if (typeof code !== 'string' || typeof severity !== 'string') return error;
  return new ImportError(
    `The database refused something: ${message} (${code}). What has come until then stays; the same command goes on after it.`,
  );
}

/** `tintype import assign …`: lists what an import kept aside, or gives it to somebody. */
export async function assign(
  config: Config,
  system: string,
  names: readonly string[],
  options: { user?: string; all?: true },
): Promise<void> {
  requireLibrary(config);
  if (options.all && names.length > 0) throw new ImportError('Name files, or say --all: not both.');
  if (options.user !== undefined && !options.all && names.length === 0) {
    throw new ImportError('Which files is not said: name them, or say --all.');
  }
  await withLibrary(config, new AbortController(), async ({ deps, adminId, signal }) => {
    const aside = await listAside(deps, system, adminId);
    if (options.user === undefined) {
      for (const name of aside) say(name);
      if (aside.length > 0) say(`Kept aside, of ${system}: ${aside.length}. Give them away with --user.`);
    }
    if (aside.length === 0 && names.length === 0) say(`Nothing of ${system} is kept aside.`);
    if (options.user === undefined) return;
    const userId = await requireUser(deps.database, adminId, options.user);
    const chosen = options.all ? aside : [...new Set(names)];
    const { given, trashed, unknown, isFull } = await assignEarlier(deps, {
      system,
      adminId,
      userId,
      names: chosen,
      signal,
    });
    say(`${given} ${given === 1 ? 'is' : 'are'} ${options.user}’s now.`);
    if (trashed > 0) say(`Whoever kept them aside has ${trashed} in the trash for ${config.trashDays} days.`);
    for (const name of unknown) say(`  ${JSON.stringify(name)} is not kept aside.`);
    if (isFull) say(`“${options.user}” has no room for more: give them room, and run the same command again.`);
    if (signal.aborted) say('It was interrupted: run the same command again to go on.');
    if (signal.aborted || isFull || unknown.length > 0) process.exitCode = 1;
  });
}

/** Otherwise a data folder that was named wrong would become a new library, and be filled. */
function requireLibrary(config: Config): void {
  if (config.databaseUrl || existsSync(join(config.dataDir, 'postgres', 'PG_VERSION'))) return;
  throw new ImportError(`There is no library in ${config.dataDir}: TINTYPE_DATA names the folder.`);
}

/** The library's own files are its photos already, under other names. */
async function requireElsewhere({ dataDir }: Config, from: Source['from']): Promise<void> {
  const own = await realpath(dataDir).catch(() => null);
  for (const path of from) {
    const real = path === undefined ? null : await realpath(path).catch(() => null);
    const isWithin = (inner: string, outer: string): boolean => `${inner}${sep}`.startsWith(`${outer}${sep}`);
    if (own && real && (isWithin(real, own) || isWithin(own, real))) {
      throw new ImportError(`${path} holds this library’s own files (${dataDir}): name a folder beside it.`);
    }
  }
}

interface Opened {
  readonly deps: ImportDeps;
  /** An administrator, in whose name accounts are made. */
  readonly adminId: string;
  /** Aborts with Ctrl+C: what is at hand is finished. */
  readonly signal: AbortSignal;
}

async function withLibrary(
  config: Config,
  stop: AbortController,
  work: (opened: Opened) => Promise<void>,
): Promise<void> {
  const interrupt = (): void => stop.abort();
  for (const signal of interrupts) process.once(signal, interrupt);
  const closing: (() => unknown)[] = [];
  try {
    const logger = await createLogger({ ...config, logLevel: 'warn' });
    const library = await openLibrary(config, logger);
    closing.push(library.close);
    const { database } = library;
    const adminId = await requireAdministrator(database);
    await settlePlace(database, config.storage.driver);
    const blobs = await openPlainStore(config.storage, { dataDir: config.dataDir, database });
    closing.push(() => blobs.close());
    const imaging = createImaging({ processes: config.imagingProcesses, logger });
    closing.push(() => imaging.close());
    const jobs = await createJobs({ pool: database.pool, logger, definitions: photoJobs });
    closing.push(jobs.close);
    // What an import that was killed had under way.
    await blobs.sweepTemp();
    const { maxUploadBytes, quota } = config;
    await work({ deps: { database, blobs, imaging, jobs, maxUploadBytes, quota }, adminId, signal: stop.signal });
  } finally {
    for (const close of closing.reverse()) await close();
    for (const signal of interrupts) process.removeListener(signal, interrupt);
  }
}

const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Somebody in whose name accounts are made; an import never makes the first account, which administers the library. */
async function requireAdministrator(database: Database): Promise<string> {
  const admin = await database.as(anonymous, (tx: Tx) => findSoleOwner(tx));
  if (!admin) throw new ImportError('This library has no account yet: start the server, open it and sign up first.');
  return admin.user_id;
}

async function requireUser(database: Database, adminId: string, name: string): Promise<string> {
  const user = await database.as({ kind: 'user', id: adminId }, (tx: Tx) => findUserByName(tx, name));
  if (!user) throw new ImportError(`There is no account called “${name}”.`);
  return user.id;
}

/** @throws ImportError when it is no folder, or none that may be read */
async function requireFolder(dir: string): Promise<string> {
  const found = await stat(dir).catch(() => null);
  if (!found?.isDirectory()) throw new ImportError(`${dir} is no folder.`);
  await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    throw new ImportError(`${dir} cannot be read (${error.code}): run this as somebody who may.`);
  });
  return realpath(dir);
}

export const openFolder = async (dir: string, options: { albums: boolean }): Promise<EarlierSystem> =>
  createFolder(await requireFolder(dir), options);

/** @throws ImportError for what Google sent as it came */
export async function openTakeout(dir: string): Promise<EarlierSystem> {
  const packed = /\.(?:zip|tgz|tar\.gz)$/i;
  const names = packed.test(dir) ? [dir] : await readdir(await requireFolder(dir));
  if (names.length > 0 && names.every((name) => packed.test(name))) {
    throw new ImportError('This is a Takeout as it came: unpack all of its files into one folder, and name that.');
  }
  return createGoogleTakeout(await requireFolder(dir));
}

export const openStyle = async (database: string, uploads: string): Promise<EarlierSystem> =>
  openStyleAi({ database, uploads: await requireFolder(uploads) });

export const openGallery = async (database: string, photos: string): Promise<EarlierSystem> =>
  openPhotoGallery({ database, photos: await requireFolder(photos) });

/** @throws ImportError */
function requireAddress(text: string): void {
  if (URL.canParse(text) && /^https?:/.test(text)) return;
  throw new ImportError(`“${text}” is no address: it begins with https:// or http://.`);
}

/** Its key is taken from the environment as well. */
export async function openImmichAt(url: string, signal: AbortSignal): Promise<EarlierSystem> {
  const { IMMICH_API_KEY: key } = process.env;
  if (!key)
    throw new ImportError('Whose immich this is is not said: set IMMICH_API_KEY to a key that they made there.');
  requireAddress(url);
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ImportError('IMMICH_API_KEY has a blank, or another character that no key has: copy it once more.');
  }
  return openImmich({ url, key, signal });
}

/** Keys are taken from the environment: what stands in a command is read by everybody on the machine. */
export async function openPinitLibrary(
  database: string,
  names: BucketNames,
  signal: AbortSignal,
): Promise<EarlierSystem> {
  if (names.files && names.bucket) throw new ImportError('Name a folder with --files, or a --bucket: not both.');
  if (names.endpoint) requireAddress(names.endpoint);
  if (names.files) return openPinit({ database, files: openFilesBelow(await requireFolder(names.files)) });
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, ...aws } = process.env;
  if (!names.bucket || !accessKeyId || !secretAccessKey) {
    throw new ImportError(
      'Where pinit’s files are is not said: name a folder with --files, or its --bucket, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set.',
    );
  }
  const { bucket, endpoint = null } = names;
  // Servers of others take any; at Amazon a bucket is in one of its regions, and nowhere else.
  const region = names.region ?? (endpoint === null ? aws.AWS_REGION : 'auto');
  if (!region) {
    throw new ImportError(
      `In which of Amazon’s regions “${bucket}” is, is not said: name it with --region, such as eu-central-1, or its server with --endpoint.`,
    );
  }
  const keys = { accessKeyId, secretAccessKey, sessionToken: aws.AWS_SESSION_TOKEN };
  return openPinit({ database, files: await openBucket({ bucket, endpoint, region, ...keys, signal }) });
}

/** What ai-library has beside its images. */
export interface AiLibraryNames {
  readonly people?: string;
  readonly browser: readonly string[];
  /** Each `ID=NAME`. */
  readonly user: readonly string[];
}

export async function openAi(images: string, names: AiLibraryNames): Promise<EarlierSystem> {
  const accounts = new Map(
    names.user.map((pair): [string, string] => {
      const [, id, name] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (id && name) return [id, name];
      throw new ImportError(`“${pair}” is not of the form ID=NAME.`);
    }),
  );
  return openAiLibrary({
    images: await requireFolder(images),
    people: names.people ?? null,
    accounts,
    browsers: names.browser,
  });
}

export const openOrganizations = async (database: string, images: string | undefined): Promise<EarlierSystem> =>
  openOrgImages({ database, images: images === undefined ? null : await requireFolder(images) });
