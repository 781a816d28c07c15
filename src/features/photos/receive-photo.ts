import type { Context } from 'hono';
import type { ApiEnv } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { readMultipartFile } from '#platform/http/read-multipart.ts';
import { bodyOf, clientGone } from '#platform/http/request-body.ts';
import { UploadQuery } from './contract.ts';
import type { PhotoDeps } from './deps.ts';
import type { Kept, Uploader } from './keep-photo.ts';
import { type Source, uploadPhoto } from './upload-photo.ts';

/**
 * An upload in its two forms: the file as the body, or as the field `file` of a multipart form.
 * @param uploader known before any of the body is read
 * @throws AppError as {@link uploadPhoto}
 */
export async function receivePhoto(
  deps: Pick<PhotoDeps, 'database' | 'blobs' | 'imaging' | 'jobs' | 'maxUploadBytes'>,
  uploader: Uploader,
  c: Context<ApiEnv>,
): Promise<Kept> {
  const query = UploadQuery.safeParse(c.req.query());
  if (!query.success) {
    const issue = query.error.issues[0];
    throw new AppError('validation_error', `${issue?.path.join('.') || 'query'}: ${issue?.message}`, {
      field: issue?.path[0] ?? null,
    });
  }
  const contentType = c.req.header('content-type') ?? '';
  const { signal } = c.req.raw;
  try {
    const source = /^multipart\/form-data/i.test(contentType)
      ? await fromForm(deps, c, contentType, query.data)
      : fromBody(c, query.data);
    return await uploadPhoto(deps, uploader, source, signal);
  } catch (error) {
    throw signal.aborted && !(error instanceof AppError) ? clientGone() : error;
  }
}

type Query = { filename?: string | undefined; modified_at?: string | undefined };

function fromBody(c: Context<ApiEnv>, query: Query): Source {
  const length = c.req.header('content-length');
  return {
    body: bodyOf(c),
    declaredBytes: length === undefined ? undefined : Number(length),
    label: () => ({ filename: query.filename, modifiedAt: toDate(query.modified_at) }),
  };
}

async function fromForm(
  deps: Pick<PhotoDeps, 'maxUploadBytes'>,
  c: Context<ApiEnv>,
  contentType: string,
  query: Query,
): Promise<Source> {
  const form = await readMultipartFile(bodyOf(c), contentType, {
    field: 'file',
    allowed: ['filename', 'modified_at'],
    mostBytes: deps.maxUploadBytes,
  });
  return {
    body: form.body,
    label: () => ({
      filename: query.filename ?? form.fields.get('filename') ?? form.filename,
      modifiedAt: toDate(query.modified_at ?? form.fields.get('modified_at')),
    }),
  };
}

function toDate(text: string | undefined): Date | null {
  const date = new Date(text ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}
