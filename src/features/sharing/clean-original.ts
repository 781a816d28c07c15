import type { ZipEntry } from '#features/photos/index.ts';
import type { BlobStore, BlobVariant } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import type { LinkCaller } from '#platform/http/caller.ts';

/** The bytes that a guest gets for an original. */
export interface Given {
  readonly variant: BlobVariant;
  readonly mimeType: string;
}

export interface CleanOriginals {
  /** What is given in place of an original, made now where it was not before. */
  given(guest: LinkCaller, file: { readonly hash: string; readonly mime_type: string }): Promise<Given>;
  /** The same, opened under the name it will have. */
  openForZip(
    guest: LinkCaller,
    file: { readonly hash: string; readonly mime_type: string; readonly filename: string; readonly sort_at: Date },
  ): Promise<ZipEntry>;
}

/** Originals for guests: as they are where the link shows metadata, else without any. */
export function createCleanOriginals(deps: { readonly database: Database; readonly blobs: BlobStore }): CleanOriginals {
  const given: CleanOriginals['given'] = async (guest, { mime_type: mimeType }) =>
    guest.showMetadata ? { variant: 'original', mimeType } : { variant: 'preview', mimeType: 'image/jpeg' };

  return {
    given,
    async openForZip(guest, file) {
      const { variant } = await given(guest, file);
      const reader = await deps.blobs.open({ hash: file.hash, variant });
      if (!reader) throw new Error('A picture is missing from the store.');
      return { filename: file.filename, modifiedAt: file.sort_at, reader };
    },
  };
}
