import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { OutboundBody } from './outbound.ts';

export interface FilePart {
  readonly name: string;
  readonly path: string;
  readonly filename: string;
  readonly contentType: string;
}

/** A form (RFC 7578) with files that are read as they are sent. Names and file names are the caller's own, not a person's. */
export async function formWithFile(
  fields: Readonly<Record<string, string>>,
  ...files: FilePart[]
): Promise<OutboundBody> {
  const boundary = `tintype-${randomUUID()}`;
  const opening = (disposition: string) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
  const parts: { head: Buffer; path: string | null; bytes: number }[] = Object.entries(fields).map(([name, value]) => ({
    head: Buffer.from(`${opening(`name="${name}"`)}\r\n${value}`),
    path: null,
    bytes: 0,
  }));
  for (const { name, path, filename, contentType } of files) {
    const head = `${opening(`name="${name}"; filename="${filename}"`)}Content-Type: ${contentType}\r\n\r\n`;
    parts.push({ head: Buffer.from(head), path, bytes: (await stat(path)).size });
  }
  const closing = Buffer.from(`--${boundary}--\r\n`);
  const end = Buffer.from('\r\n');
  async function* write(): AsyncGenerator<Uint8Array> {
    for (const { head, path } of parts) {
      yield head;
      if (path) yield* createReadStream(path);
      yield end;
    }
    yield closing;
  }
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    bytes: parts.reduce((sum, { head, bytes }) => sum + head.length + bytes + end.length, closing.length),
    open: () => Readable.from(write(), { objectMode: false }),
  };
}
