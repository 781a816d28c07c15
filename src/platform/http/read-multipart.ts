import { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { AppError } from './app-error.ts';

export interface MultipartFile {
  readonly filename: string | undefined;
  /** The other fields of the form; complete once `body` has ended. */
  readonly fields: ReadonlyMap<string, string>;
  /** Ends only when the whole form was well-formed, so that what follows it happens only then. */
  readonly body: AsyncIterable<Uint8Array>;
}

// A form has one file and a handful of short fields; whatever is larger is no form of ours.
const limits = {
  files: 1,
  fields: 8,
  parts: 10,
  fieldNameSize: 100,
  fieldSize: 2000,
  headerPairs: 16,
  headerSize: 8192,
};

/** What a form may have around its file: a preamble, heads and fields. */
const mostAround = 2 ** 20 + 64 * 1024;

const malformed = (why: string, details: Record<string, unknown> = {}): AppError =>
  new AppError('validation_error', `This form cannot be read: ${why}.`, details);

/**
 * Finds the one file of a multipart form in a stream and hands it on without holding it.
 * @param options.allowed names of the other fields; any other is refused, or left out where `ignoresOthers`
 * @throws AppError `validation_error` or `too_large`, from here or while `body` is read
 */
export async function readMultipartFile(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  options: {
    field: string;
    allowed: readonly string[];
    ignoresOthers?: true;
    mostBytes: number;
    mostFieldBytes?: number | undefined;
  },
): Promise<MultipartFile> {
  const fields = new Map<string, string>();
  let parser: InstanceType<typeof Busboy>;
  try {
    parser = new Busboy({
      headers: { 'content-type': contentType } as BusboyHeaders,
      limits: { ...limits, fieldSize: options.mostFieldBytes ?? limits.fieldSize, fileSize: options.mostBytes + 1 },
    });
  } catch (error) {
    throw malformed((error as Error).message);
  }
  const source = Readable.from(limited(body, options.mostBytes + mostAround), { objectMode: false });

  const file = Promise.withResolvers<{ stream: Readable; filename: string | undefined }>();
  const whole = Promise.withResolvers<void>();
  // Each is awaited on one of the ways below; the other must not count as unhandled.
  file.promise.catch(() => {});
  whole.promise.catch(() => {});
  let current: Readable | undefined;

  const fail = (error: AppError): void => {
    file.reject(error);
    whole.reject(error);
    current?.destroy(error);
    source.unpipe(parser);
    source.destroy();
  };

  parser.on('file', (name, stream, filename) => {
    current = stream;
    stream.on('error', () => {});
    // What follows would be parsed and thrown away; whoever reads finds that there is a byte too many.
    stream.once('limit', () => source.unpipe(parser));
    if (name !== options.field)
      return fail(malformed(`its file must be called "${options.field}"`, { field: options.field, reason: 'missing' }));
    file.resolve({ stream, filename });
  });
  parser.on('field', (name, value, nameCut, valueCut) => {
    const isKnown = options.allowed.includes(name);
    if (!isKnown && options.ignoresOthers) return;
    if (nameCut || valueCut || !isKnown) return fail(malformed('it has an unknown or too long field'));
    fields.set(name, value);
  });
  parser.on('filesLimit', () => fail(malformed('it has more than one file; send one at a time')));
  parser.on('fieldsLimit', () => fail(malformed('it has too many fields')));
  parser.on('partsLimit', () => fail(malformed('it has too many parts')));
  parser.on('error', (error) => fail(malformed(error instanceof Error ? error.message : 'it is broken')));
  parser.on('finish', () => {
    file.reject(malformed(`it has no file called "${options.field}"`, { field: options.field, reason: 'missing' }));
    whole.resolve();
  });
  source.on('error', (error) => fail(error instanceof AppError ? error : malformed('the connection was lost')));
  source.pipe(parser as unknown as NodeJS.WritableStream);

  const { stream, filename } = await file.promise;
  return {
    filename,
    fields,
    body: (async function* () {
      try {
        yield* stream as AsyncIterable<Uint8Array>;
        await whole.promise;
      } finally {
        // Who stops reading wants no more of it; the parser would take the rest in.
        source.unpipe(parser);
        source.destroy();
      }
    })(),
  };
}

/** A parser that finds no boundary looks for it for as long as something comes. */
async function* limited(body: AsyncIterable<Uint8Array>, mostBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      throw new AppError('too_large', `This form is larger than the ${mostBytes} bytes that are allowed.`, {
        limit: mostBytes,
      });
    }
    yield chunk;
  }
}
