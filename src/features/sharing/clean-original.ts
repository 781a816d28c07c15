import type { Kysely } from 'kysely';
import { markOriginal, requireBytes, type ZipEntry } from '#features/photos/index.ts';
import type { BlobReader, BlobStore, BlobVariant } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import type { LinkCaller } from '#platform/http/caller.ts';
import { stripMetadata } from '#platform/imaging/index.ts';
import type { SharingTables } from './tables.ts';

interface Original {
  /** sha256, hex. */
  readonly hash: string;
  readonly mime_type: string;
  /** The last part of its IPTC digital source type, where it is known. */
  readonly digital_source: string | null;
  /** The same of what was made here: a file that was uploaded has in it what it says of itself. */
  readonly made_source: string | null;
}

/** The bytes that a guest gets for an original. */
export interface Given {
  readonly variant: BlobVariant;
  readonly mimeType: string;
  /** The name as it was, or with the ending that the bytes have. */
  readonly filename: string;
  /** What it has to say in itself of how it came to be; null for nothing, or where it does so already. */
  readonly source: string | null;
}

export interface CleanOriginals {
  /** What is given in place of an original; made now where nobody had asked before. */
  given(guest: LinkCaller, file: Original & { readonly filename: string }): Promise<Given>;
  /** The same, opened under the name that it has in a zip. */
  openForZip(
    guest: LinkCaller,
    file: Original & { readonly filename: string; readonly sort_at: Date },
  ): Promise<ZipEntry>;
}

/**
 * Originals for guests: as they are where the link shows metadata; without any, and the pixels untouched, where it does not.
 * What cannot be taken apart is never given as it is: its preview, which was made without metadata, stands in. What is known of how
 * a picture came to be is said in each of them: that it was made by a machine is no secret of its owner's.
 */
export function createCleanOriginals(deps: { readonly database: Database; readonly blobs: BlobStore }): CleanOriginals {
  const underWay = new Map<string, Promise<boolean>>();

  const clean = async (guest: LinkCaller, hash: string): Promise<boolean> => {
    if (await deps.blobs.has({ hash, variant: 'cleaned' })) return true;
    const original = await open(deps.blobs, { hash, variant: 'original' });
    const temp = await deps.blobs.createTemp();
    try {
      const chunks = await stripMetadata(original);
      if (!chunks) return false;
      for await (const chunk of chunks) await temp.write(chunk);
      const { path } = await temp.finish();
      // Under the lock that keeps the sweeper away, so that nothing is left of a photo that goes at this moment.
      await deps.database.asStoring(guest.principal, async (tx: Kysely<SharingTables>) => {
        await requireBytes(tx, Buffer.from(hash, 'hex'));
        await deps.blobs.put({ hash, variant: 'cleaned' }, path);
      });
      return true;
    } finally {
      await original.close();
      await temp.discard();
    }
  };

  /** However many of a link's guests ask at a time, one works. @returns false where the file could not be taken apart */
  const cleanOnce = (guest: LinkCaller, hash: string): Promise<boolean> => {
    const name = `${guest.linkId} ${hash}`;
    const known = underWay.get(name);
    if (known) return known;
    const work = clean(guest, hash).finally(() => underWay.delete(name));
    underWay.set(name, work);
    return work;
  };

  const given: CleanOriginals['given'] = async (guest, original) => {
    const { hash, mime_type: mimeType, filename, digital_source: source } = original;
    if (guest.showMetadata) return { variant: 'original', mimeType, filename, source: original.made_source };
    if (await cleanOnce(guest, hash)) return { variant: 'cleaned', mimeType, filename, source };
    const reader = await open(deps.blobs, { hash, variant: 'preview' });
    try {
      const isJpeg = await startsAsJpeg(reader);
      const name = filename.replace(/\.[A-Za-z0-9]{1,5}$/, '');
      return isJpeg
        ? { variant: 'preview', mimeType: 'image/jpeg', filename: `${name}.jpg`, source }
        : { variant: 'preview', mimeType: 'image/webp', filename: `${name}.webp`, source };
    } finally {
      await reader.close();
    }
  };

  return {
    given,
    async openForZip(guest, file) {
      const { variant, filename, source } = await given(guest, file);
      const stored = await open(deps.blobs, { hash: file.hash, variant });
      return { filename, modifiedAt: file.sort_at, reader: await markOriginal(stored, source) };
    },
  };
}

async function open(blobs: BlobStore, key: { hash: string; variant: BlobVariant }): Promise<BlobReader> {
  const reader = await blobs.open(key);
  if (!reader) throw new Error('A picture is missing from the store.');
  return reader;
}

/** Previews are JPEG, or WebP where the picture is seen through. */
async function startsAsJpeg(reader: BlobReader): Promise<boolean> {
  const head = Buffer.alloc(2);
  await reader.read(head, 0, 2, 0);
  return head.readUInt16BE(0) === 0xffd8;
}
