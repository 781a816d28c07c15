import { AppError } from '#platform/http/app-error.ts';
import { type MultipartFile, readMultipartFile } from '#platform/http/read-multipart.ts';
import { bodyOf } from '#platform/http/request-body.ts';
import type { LegacyContext } from './system.ts';

/** A field that somebody has filled in. */
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A body without a picture in it. */
const mostSmallBytes = 64 * 1024;

/**
 * The fields of a JSON object, whatever the body says it is: some clients do not say.
 * @param options.mayBeEmpty no body is one without fields
 * @throws AppError `validation_error` with `details.reason` `not_json` (also where there is no body) or `not_an_object`; `too_large`
 */
export async function readJson(
  c: LegacyContext,
  { mostBytes = mostSmallBytes, mayBeEmpty = false }: { mostBytes?: number; mayBeEmpty?: boolean } = {},
): Promise<Record<string, unknown>> {
  const bytes = await readWhole(c, mostBytes);
  if (mayBeEmpty && bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    throw new AppError('validation_error', 'The body of this request is not JSON that can be read.', {
      reason: 'not_json',
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AppError('validation_error', 'The body of this request is no JSON object.', { reason: 'not_an_object' });
  }
  return value as Record<string, unknown>;
}

/**
 * The fields of a form without files, in either encoding.
 * @throws AppError `validation_error` with `details.reason` `not_a_form`; `too_large`
 */
export async function readForm(c: LegacyContext): Promise<URLSearchParams> {
  const contentType = c.req.header('content-type') ?? '';
  const bytes = await readWhole(c, mostSmallBytes);
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return new URLSearchParams(bytes.toString('utf8'));
  const notAForm = new AppError('validation_error', 'The body of this request is no form.', { reason: 'not_a_form' });
  if (!/^multipart\/form-data\b/i.test(contentType)) throw notAForm;
  const body = new Uint8Array(bytes);
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData().catch(() => {
    throw notAForm;
  });
  const fields = [...form].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return new URLSearchParams(fields);
}

/**
 * The one file of a form, handed on as it comes; unknown fields are left out.
 * @param options.mostFieldBytes of one field; more is refused
 * @param options.fields other fields that are wanted; those that come behind the file are there once it has been read
 * @throws AppError `validation_error`, with `details.reason` `not_a_form` or `missing`; `too_large`
 */
export function readFile(
  c: LegacyContext,
  options: { field: string; fields?: readonly string[]; mostBytes: number; mostFieldBytes?: number },
): Promise<MultipartFile> {
  const contentType = c.req.header('content-type') ?? '';
  if (!/^multipart\/form-data\b/i.test(contentType)) {
    throw new AppError('validation_error', 'The body of this request is no form with a file.', {
      reason: 'not_a_form',
    });
  }
  return readMultipartFile(bodyOf(c), contentType, {
    field: options.field,
    allowed: options.fields ?? [],
    ignoresOthers: true,
    mostBytes: options.mostBytes,
    mostFieldBytes: options.mostFieldBytes,
  });
}

async function readWhole(c: LegacyContext, mostBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new AppError('too_large', `This request may be ${mostBytes} bytes long at the most.`, { limit: mostBytes });
  if (Number(c.req.header('content-length') ?? 0) > mostBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bodyOf(c)) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
