import type { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ApiEnv } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { readMultipartFile } from '#platform/http/read-multipart.ts';
import { bodyOf, clientGone } from '#platform/http/request-body.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import { GuestUploadQuery, UploadQuery } from './contract.ts';
import type { PhotoDeps } from './deps.ts';
import type { Kept, Label, Uploader } from './keep-photo.ts';
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
  // What a photo is for is its owner's to say, not a guest's.
  const said = uploader.linkId ? GuestUploadQuery : UploadQuery;
  const query: Said = requireValid(said, c.req.query());
  const contentType = c.req.header('content-type') ?? '';
  const { signal } = c.req.raw;
  try {
    const source = /^multipart\/form-data/i.test(contentType)
      ? await fromForm(deps, c, contentType, said, query)
      : fromBody(c, query);
    return await uploadPhoto(deps, uploader, source, signal);
  } catch (error) {
    throw signal.aborted && !(error instanceof AppError) ? clientGone() : error;
  }
}

type Said = z.output<typeof UploadQuery>;

const toLabel = (said: Said): Label => ({
  filename: said.filename,
  modifiedAt: toDate(said.modified_at),
  imageType: said.image_type,
  isPrimary: said.is_primary,
});

function fromBody(c: Context<ApiEnv>, query: Said): Source {
  const length = c.req.header('content-length');
  return {
    body: bodyOf(c),
    declaredBytes: length === undefined ? undefined : Number(length),
    label: () => toLabel(query),
  };
}

async function fromForm(
  deps: Pick<PhotoDeps, 'maxUploadBytes'>,
  c: Context<ApiEnv>,
  contentType: string,
  said: typeof UploadQuery | typeof GuestUploadQuery,
  query: Said,
): Promise<Source> {
  const form = await readMultipartFile(bodyOf(c), contentType, {
    field: 'file',
    allowed: Object.keys(said.shape),
    mostBytes: deps.maxUploadBytes,
  });
  return {
    body: form.body,
    label: () => {
      const { modified_at, ...fields } = Object.fromEntries(form.fields);
      const label = toLabel({ ...requireValid(said, fields), modified_at, ...query });
      return { ...label, filename: label.filename ?? form.filename };
    },
  };
}

function toDate(text: string | undefined): Date | null {
  const date = new Date(text ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}
