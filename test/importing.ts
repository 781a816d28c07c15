import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll } from 'vitest';
import {
  type EarlierSystem,
  type ImportCounts,
  type ImportDeps,
  importLibrary,
  reasons,
} from '#features/imports/index.ts';
import { photoJobs } from '#features/photos/index.ts';
import { createFilesStore } from '#platform/blobs/files-store.ts';
import { createImaging } from '#platform/imaging/index.ts';
import { createJobs } from '#platform/jobs/jobs.ts';
import type { Person, TestApp } from './app.ts';

export interface Ran {
  readonly counts: ImportCounts;
  /** Names of files that were skipped, and why. */
  readonly skipped: Record<string, string>;
  readonly notes: Record<string, string>;
}

export interface Importer {
  readonly deps: ImportDeps;
  run(
    system: EarlierSystem,
    options?: {
      dryRun?: true;
      matchEmails?: true;
      user?: Person;
      /** Default: two. With one, things come in their order. */
      lanes?: number;
      signal?: AbortSignal;
      onProgress?: (state: { done: number; of: number }) => void;
    },
  ): Promise<Ran>;
  /** Everything of the library that an import may change, so that two moments can be held against each other. */
  snapshot(): Promise<unknown>;
  /** Hex SHA-256 of the originals of a person's photos, sorted. */
  hashesOf(person: { id: string }): Promise<string[]>;
  // biome-ignore lint/suspicious/noExplicitAny: rows of whatever is asked.
  query(text: string, values?: unknown[]): Promise<any[]>;
}

/** Imports into the library of a test's server, as the command does. Call it at the top level, after the first person signed up. */
export async function createImporter(app: TestApp, admin: Person): Promise<Importer> {
  const { database, owner } = app.database;
  const outside = new Client(owner);
  await outside.connect();
  const logger = pino({ level: 'fatal' });
  const imaging = createImaging({ processes: 1, logger });
  const jobs = await createJobs({ pool: database.pool, logger, definitions: photoJobs });
  const blobs = createFilesStore({ dataDir: app.dataDir });
  afterAll(async () => {
    imaging.close();
    await jobs.close();
    await outside.end();
  });
  const deps = { database, blobs, imaging, jobs, maxUploadBytes: 1_000_000, quota: { bytes: null, photos: null } };
  const query = async (text: string, values?: unknown[]) => (await outside.query(text, values)).rows;
  return {
    deps,
    query,
    async run(system, { dryRun, matchEmails, user, lanes = 2, signal, onProgress } = {}) {
      const skipped: Record<string, string> = {};
      const notes: Record<string, string> = {};
      const counts = await importLibrary(deps, system, {
        dryRun: dryRun === true,
        matchEmails: matchEmails === true,
        adminId: admin.id,
        namedId: user?.id ?? null,
        closedHash: closed,
        lanes,
        signal: signal ?? new AbortController().signal,
        onProgress: onProgress ?? (() => {}),
        onSkipped: ({ name, why }) => {
          skipped[name] = Object.keys(reasons).find((reason) => reason === why) ?? '';
        },
        onPerson: ({ username, notes: about }) => {
          // Several may have the same name.
          notes[username] = [notes[username], ...about].filter(Boolean).join('; ');
        },
        onOrganization: ({ name, notes: about }) => {
          notes[name] = about.join('; ');
        },
      });
      return { counts, skipped, notes };
    },
    snapshot: async () => ({
      users: await query('select id, username, email, role, disabled_at, created_at from users order by id'),
      passwords: await query('select * from passwords order by user_id'),
      photos: await query('select * from photos order by id'),
      albums: await query('select * from albums order by id'),
      places: await query('select album_id, photo_id, position from album_photos order by 1, 2'),
      organizations: await query('select * from organizations order by id'),
      memberships: await query('select * from memberships order by resource_id, user_id'),
      invitations: await query('select * from organization_invitations'),
      shown: await query('select id, profile_picture, cover_picture from users order by id'),
      imported: await query('select * from imported order by owner_id, system, kind, earlier_id'),
    }),
    hashesOf: async ({ id }) =>
      (await query(`select encode(blob_hash, 'hex') as hash from photos where owner_id = $1 order by 1`, [id])).map(
        ({ hash }) => hash,
      ),
  };
}

// Of a password that nobody knows.
const closed = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
