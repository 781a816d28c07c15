import { ApiError, api, messageOf } from '#lib/api.ts';
import type { Album, AlbumMember } from '#lib/api-schema.ts';
import { createAlbumGallery } from './album-gallery.svelte.ts';

/** An album as its page shows it: what it is, who belongs to it, and its photos. */
export type OpenAlbum = ReturnType<typeof createOpenAlbum>;

function createOpenAlbum(userId: string, id: string) {
  let album = $state.raw<Album | null>(null);
  let members = $state.raw<AlbumMember[]>([]);
  let problem = $state('');
  let isAbsent = $state(false);
  const gallery = createAlbumGallery(
    id,
    () => album?.name ?? 'Album',
    // What a guest sends lies in the library of the album's owner.
    (adder) => (adder === null ? album?.role === 'owner' : adder.id === userId),
  );

  return {
    id,
    gallery,
    get album() {
      return album;
    },
    set album(next: Album | null) {
      album = next;
    },
    get members() {
      return members;
    },
    get problem() {
      return problem;
    },
    /** True when there is no such album for this person: deleted, left, or never theirs. */
    get isAbsent() {
      return isAbsent;
    },
    /** Everything but the photos. */
    async load(): Promise<void> {
      try {
        const [fresh, { items }] = await Promise.all([
          api.get('/albums/:id', { param: { id } }),
          api.get('/albums/:id/members', { param: { id } }),
        ]);
        album = fresh;
        members = items;
        problem = '';
        isAbsent = false;
      } catch (error) {
        isAbsent = error instanceof ApiError && error.status === 404;
        if (isAbsent) album = null;
        problem = messageOf(error);
      }
    },
    async refresh(): Promise<void> {
      await Promise.all([this.load(), gallery.load()]);
    },
    /** Whether the caller may take a photo out of the album. */
    canTakeOut(photo: string): boolean {
      return album !== null && !album.filter && (album.role === 'owner' || gallery.adder(photo)?.id === userId);
    },
    get isMine() {
      return album?.role === 'owner';
    },
    /** Whether photos can be put in. */
    get canAdd() {
      return album !== null && !album.filter && album.role !== 'viewer';
    },
    /** Whether the order can be changed: by its owner, with all photos in sight. */
    get canMove() {
      return album !== null && !album.filter && album.role === 'owner' && gallery.person === null;
    },
  };
}

const kept = new Map<string, OpenAlbum>();
/** Coming back to these shows at once what was there. */
const MOST = 4;

/** The album from before if there is one. It belongs to one account, as galleries do. */
export function openAlbum(userId: string, id: string): OpenAlbum {
  const key = `${userId} ${id}`;
  const album = kept.get(key) ?? rooted(userId, id);
  kept.delete(key);
  kept.set(key, album);
  if (kept.size > MOST) kept.delete(kept.keys().next().value as string);
  return album;
}

/** What it derives must outlive whoever asked for it first. */
function rooted(userId: string, id: string): OpenAlbum {
  let album: OpenAlbum | undefined;
  $effect.root(() => {
    album = createOpenAlbum(userId, id);
  });
  return album as unknown as OpenAlbum;
}
