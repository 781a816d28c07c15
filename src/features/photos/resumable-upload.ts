import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { DataStore, MemoryLocker, Server, Upload } from '@tus/server';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError, statusOf } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import { toFilename } from './filename.ts';
import { keepPhoto } from './keep-photo.ts';
import { createPresenter } from './present-photo.ts';
import { findPhoto } from './store.ts';
import type { PhotoTables } from './tables.ts';
import { tooLarge } from './upload-photo.ts';

type Deps = Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs' | 'signedUrls' | 'locator' | 'maxUploadBytes'> & {
  /** A folder for what has partly arrived; it outlives the process, so that an upload can go on after a restart. */
  readonly partialDir: string;
};
type Tx = Kysely<PhotoTables>;

const goodForHours = 24;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Resumable uploads: tus 1.0 with creation, creation-with-upload, expiration and termination. */
export function createResumableUploads(deps: Deps) {
  const locker = new MemoryLocker();
  const pathOf = (id: string): string => join(deps.partialDir, id);
  const removePartial = (id: string): Promise<void> => rm(pathOf(id), { force: true });

  /** Hashes what arrived and keeps it; the outcome stays to be asked for, whatever becomes of this connection. */
  const finish = async (caller: Caller, id: string): Promise<AppError | null> => {
    const user = requireAllowed(caller, 'photo.create');
    const row = await deps.database.as(user.principal, (tx: Tx) => findUpload(tx, id));
    if (row?.status !== 'receiving') return null;
    try {
      const arrived = { path: pathOf(id), bytes: Number(row.bytes), sha256: await hashFile(pathOf(id)) };
      const label = { filename: row.filename, modifiedAt: row.modified_at };
      const kept = await keepPhoto(deps, user, arrived, label);
      await settle(deps, caller, id, { status: 'complete', photo_id: kept.row.id, duplicate: kept.duplicate });
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      await settle(deps, caller, id, { status: 'failed', error: JSON.stringify(error.toBody().error) });
      return error;
    } finally {
      await removePartial(id);
    }
  };

  class CallersStore extends DataStore {
    readonly #caller: Caller;

    constructor(caller: Caller) {
      super();
      this.#caller = caller;
      this.extensions = ['creation', 'creation-with-upload', 'expiration', 'termination'];
    }

    override async create(upload: Upload): Promise<Upload> {
      const user = requireAllowed(this.#caller, 'photo.create');
      if (upload.size === undefined) {
        throw new AppError('validation_error', 'Upload-Length must be sent: the size of the file is needed first.');
      }
      if (upload.size > deps.maxUploadBytes) throw tooLarge(deps.maxUploadBytes);
      if (upload.size === 0) throw new AppError('undecodable', 'This file is empty.');
      const modified = new Date(upload.metadata?.modified_at ?? Number.NaN);
      const { id, size } = upload;
      await deps.database.as(user.principal, (tx: Tx) =>
        tx
          .insertInto('uploads')
          .values({
            id,
            owner_id: user.userId,
            filename: toFilename(upload.metadata?.filename ?? undefined),
            modified_at: Number.isNaN(modified.getTime()) ? null : modified,
            bytes: size,
            expires_at: new Date(Date.now() + goodForHours * 3600_000),
          })
          .execute(),
      );
      await mkdir(deps.partialDir, { recursive: true });
      await (await open(pathOf(id), 'wx', 0o600)).close();
      return upload;
    }

    override async getUpload(id: string): Promise<Upload> {
      const row = await readRow(deps, this.#caller, id);
      const offset = row.status === 'receiving' ? await sizeOf(pathOf(id)) : Number(row.bytes);
      return new Upload({ id, size: Number(row.bytes), offset, creation_date: row.created_at.toISOString() });
    }

    override async write(stream: Readable, id: string, offset: number): Promise<number> {
      const row = await readRow(deps, this.#caller, id);
      // Its partial file is gone by now; a client that lost the last answer only asks once more.
      if (row.status === 'complete') return offset;
      if (row.status === 'failed') throw new AppError('conflict', 'This upload was refused. Start a new one.');
      const file = await open(pathOf(id), 'r+');
      let position = offset;
      try {
        for await (const chunk of stream) {
          if (position + chunk.length > Number(row.bytes)) throw tooLarge(Number(row.bytes));
          // A write may take less than it was given.
          for (let written = 0; written < chunk.length; ) {
            const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position + written);
            written += bytesWritten;
          }
          position += chunk.length;
        }
      } finally {
        await file.close();
      }
      return position;
    }

    override async remove(id: string): Promise<void> {
      await readRow(deps, this.#caller, id);
      const { principal } = requireAllowed(this.#caller, 'upload.continue');
      await deps.database.as(principal, (tx: Tx) => tx.deleteFrom('uploads').where('id', '=', id).execute());
      await removePartial(id);
    }

    override getExpiration(): number {
      return goodForHours * 3600_000;
    }
  }

  return {
    /** Answers one tus request on behalf of its caller. */
    async handle(caller: Caller, request: Request): Promise<Response> {
      requireAllowed(caller, 'photo.create');
      const server = new Server({
        path: '/api/v1/uploads',
        relativeLocation: true,
        datastore: new CallersStore(caller),
        locker,
        maxSize: deps.maxUploadBytes,
        namingFunction: () => uuidv7(),
        getFileIdFromRequest: (req) => new URL(req.url).pathname.split('/').at(-1),
        // The library would otherwise invite every site's pages.
        allowedOrigins: () => false,
        // Before the lock: whoever asks for it makes the one that holds it let go.
        async onIncomingRequest(req, id) {
          if (req.method !== 'POST') await readRow(deps, caller, id);
        },
        onUploadFinish: async (_, upload) => {
          const error = await finish(caller, upload.id);
          return error ? { status_code: error.status, body: JSON.stringify(error.toBody()) } : {};
        },
        onResponseError: (_, error) => {
          if (error instanceof AppError) return { status_code: error.status, body: JSON.stringify(error.toBody()) };
          if ('status_code' in error)
            return { status_code: error.status_code, body: JSON.stringify(toEnvelope(error)) };
          throw error;
        },
      });
      const response = await server.handleWeb(request);
      if (response.status >= 400) response.headers.set('content-type', 'application/json');
      return response;
    },
    /** What became of an upload; kept for a day. @throws AppError `not_found` */
    async read(caller: Caller, id: string) {
      const row = await readRow(deps, caller, id);
      const user = requireAllowed(caller, 'upload.continue');
      if (row.status === 'failed')
        return { status: 'failed' as const, error: row.error ?? { code: 'server_error', message: '', details: {} } };
      if (row.status === 'receiving') {
        return { status: 'receiving' as const, offset: await sizeOf(pathOf(id)), bytes: Number(row.bytes) };
      }
      const photo = await deps.database.as(user.principal, (tx: Tx) => findPhoto(tx, row.photo_id ?? ''));
      if (!photo) throw new AppError('not_found', 'There is no such upload.');
      return { status: 'complete' as const, photo: createPresenter(deps, user).photo(photo), duplicate: row.duplicate };
    },
    removePartial,
  };
}

const findUpload = (tx: Tx, id: string) => tx.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();

async function readRow(deps: Pick<Deps, 'database'>, caller: Caller, id: string) {
  const user = requireAllowed(caller, 'upload.continue');
  const missing = new AppError('not_found', 'There is no such upload.');
  if (!uuid.test(id)) throw missing;
  return deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'upload.continue', [id]);
    const row = await findUpload(tx, id);
    if (!row) throw missing;
    return row;
  });
}

async function settle(
  deps: Pick<Deps, 'database'>,
  caller: Caller,
  id: string,
  outcome: { status: 'complete'; photo_id: string; duplicate: boolean } | { status: 'failed'; error: string },
): Promise<void> {
  const { principal } = requireAllowed(caller, 'upload.continue');
  await deps.database.as(principal, (tx: Tx) => tx.updateTable('uploads').set(outcome).where('id', '=', id).execute());
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return hash.digest('hex');
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** The errors of the tus library in the envelope of ours. */
function toEnvelope(error: { status_code: number; body: string }) {
  const code = Object.entries(statusOf).find(([, status]) => status === error.status_code)?.[0] ?? 'validation_error';
  return { error: { code, message: error.body.trim(), details: {} } };
}
