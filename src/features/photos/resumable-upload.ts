import type { Readable } from 'node:stream';
import { DataStore, MemoryLocker, Server, Upload } from '@tus/server';
import type { Kysely } from 'kysely';
import { v7 as uuidv7 } from 'uuid';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { AppError, statusOf } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { PhotoDeps } from './deps.ts';
import { toFilename } from './filename.ts';
import { createUploadFinisher } from './finish-upload.ts';
import type { PartialFiles } from './partial-files.ts';
import { createPresenter } from './present-photo.ts';
import { requireUploadQuota } from './quota.ts';
import { findPhoto } from './store.ts';
import type { PhotoTables } from './tables.ts';
import { tooLarge } from './upload-photo.ts';
import { deleteUpload, findUpload, insertUpload } from './upload-store.ts';

type Deps = Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs' | 'signedUrls' | 'locator' | 'maxUploadBytes'> & {
  readonly partials: PartialFiles;
};
type Tx = Kysely<PhotoTables>;

const goodForHours = 24;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Resumable uploads: tus 1.0 with creation, creation-with-upload, expiration and termination. */
export function createResumableUploads(deps: Deps) {
  const locker = new MemoryLocker();
  const { partials } = deps;
  const finisher = createUploadFinisher(deps);

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
      const row = {
        id,
        owner_id: user.userId,
        filename: toFilename(upload.metadata?.filename ?? undefined),
        modified_at: Number.isNaN(modified.getTime()) ? null : modified,
        bytes: size,
        expires_at: new Date(Date.now() + goodForHours * 3600_000),
      };
      await deps.database.as(user.principal, async (tx: Tx) => {
        await requireUploadQuota(tx, user.userId, size);
        await insertUpload(tx, row);
      });
      return upload;
    }

    override async getUpload(id: string): Promise<Upload> {
      const row = await readRow(deps, this.#caller, id);
      const size = Number(row.bytes);
      let offset = row.status === 'receiving' ? await partials.size(id) : size;
      if (row.status === 'receiving' && offset === size) {
        // All of it is here, and the server died or the line broke before it was kept: a client that hears this offset
        // has nothing left to send.
        await finisher.finish(requireAllowed(this.#caller, 'photo.create'), id);
        offset = size;
      }
      return new Upload({ id, size, offset, creation_date: row.created_at.toISOString() });
    }

    override async write(stream: Readable, id: string, offset: number): Promise<number> {
      const row = await readRow(deps, this.#caller, id);
      // Its partial file is gone by now; a client that lost the last answer only asks once more.
      if (row.status === 'complete') return offset;
      if (row.status === 'failed') throw new AppError('conflict', 'This upload was refused. Start a new one.');
      const file = await partials.open(id);
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
      await deps.database.as(principal, (tx: Tx) => deleteUpload(tx, id));
      await partials.remove(id);
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
          const error = await finisher.finish(requireAllowed(caller, 'photo.create'), upload.id);
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
      // The library closes under a client that still sends; see linger.ts for what is done instead.
      response.headers.delete('connection');
      return response.status < 400 ? response : inEnvelope(response);
    },
    /** What became of an upload; kept for a day. @throws AppError `not_found` */
    async read(caller: Caller, id: string) {
      await finisher.settled(id);
      const row = await readRow(deps, caller, id);
      const user = requireAllowed(caller, 'upload.continue');
      if (row.status === 'failed')
        return { status: 'failed' as const, error: row.error ?? { code: 'server_error', message: '', details: {} } };
      if (row.status === 'receiving') {
        return { status: 'receiving' as const, offset: await partials.size(id), bytes: Number(row.bytes) };
      }
      const photo = await deps.database.as(user.principal, (tx: Tx) => findPhoto(tx, row.photo_id ?? ''));
      if (!photo) throw new AppError('not_found', 'There is no such upload.');
      return { status: 'complete' as const, photo: createPresenter(deps, user).photo(photo), duplicate: row.duplicate };
    },
  };
}

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

/** The library's own refusals are plain text. */
async function inEnvelope(response: Response): Promise<Response> {
  const text = await response.text();
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  headers.set('content-type', 'application/json');
  const body = text.startsWith('{"error":')
    ? text
    : JSON.stringify(toEnvelope({ status_code: response.status, body: text }));
  return new Response(body, { status: response.status, headers });
}

/** The errors of the tus library in the envelope of ours. */
function toEnvelope(error: { status_code: number; body: string }) {
  const code = Object.entries(statusOf).find(([, status]) => status === error.status_code)?.[0] ?? 'validation_error';
  return { error: { code, message: error.body.trim(), details: {} } };
}
