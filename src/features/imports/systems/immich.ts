import type { Told } from '#features/photos/index.ts';
import type { EarlierPhoto, EarlierSystem, EarlierWholeAlbum, Passed } from '../earlier-system.ts';
import { createImmichApi, type ImmichApi, type ImmichOptions } from './immich-api.ts';
import type { Album, Asset } from './immich-shapes.ts';

/** What is hidden is the film of a picture that moves; what is locked opens with its owner's PIN alone. */
const visibilities = ['timeline', 'archive'] as const;

/**
 * immich: what one person has there, whose key it is. Videos stay behind, and so does what partners and other members of albums own.
 * @throws ImportError
 */
export async function openImmich(options: ImmichOptions): Promise<EarlierSystem> {
  const api = createImmichApi(options);
  const me = await api.findMe().catch((error) => {
    api.close();
    throw error;
  });

  async function* photos(): AsyncGenerator<EarlierPhoto | Passed> {
    // What is archived meanwhile is told by both.
    const told = new Set<string>();
    for (const visibility of visibilities) {
      let short = 0;
      const search = api.search({ visibility, withDeleted: true }, (count) => {
        short = count;
      });
      for await (const asset of search) {
        if (asset.ownerId !== me || told.has(asset.id)) continue;
        told.add(asset.id);
        yield toPhoto(api, asset);
      }
      if (short > 0)
        yield { name: `${short} more that immich counts and does not list (${visibility})`, why: 'missing' };
    }
  }

  /** In the order that it is shown in. */
  async function idsOf(album: Album, isSearched: boolean): Promise<string[]> {
    if (album.assetCount === 0) return [];
    if (!isSearched) return ((await api.findAlbum(album.id)).assets ?? []).map(({ id }) => id);
    const found: { id: string; at: number }[] = [];
    for (const visibility of visibilities) {
      for await (const { id, fileCreatedAt } of api.search({ visibility, albumIds: [album.id] })) {
        found.push({ id, at: fileCreatedAt?.getTime() ?? 0 });
      }
    }
    const sorted = found.sort((a, b) => a.at - b.at).map(({ id }) => id);
    return album.order === 'asc' ? sorted : sorted.reverse();
  }

  return {
    name: 'immich',
    photos,
    async *albums() {
      const own = (await api.listAlbums()).filter((album) => ownerOf(album) === me);
      // An album that is told whole has everything about each of its photos, which is much where they are many.
      const isSearched = own.length > 0 && (await api.searchesAlbums());
      for (const album of own) {
        yield toAlbum(album, await idsOf(album, isSearched));
      }
    },
    count: api.countAssets,
    close: async () => api.close(),
  };
}

function toPhoto(api: ImmichApi, asset: Asset): EarlierPhoto | Passed {
  const name = `${asset.originalFileName} (${asset.id})`;
  // Before the trash: immich puts there what it no longer finds.
  if (asset.isOffline) return { name, why: 'missing' };
  if (asset.isTrashed) return { name, why: 'in_trash' };
  if (asset.type !== 'IMAGE') return { name, why: asset.type === 'VIDEO' ? 'video' : 'not_a_picture' };
  return {
    name,
    filename: asset.originalFileName,
    earlierIds: [asset.id],
    id: asset.id,
    owner: 'named',
    told: toTold(asset),
    albums: [],
    open: () => api.openOriginal(asset),
  };
}

function toTold({ exifInfo, ...asset }: Asset): Told {
  const at = asset.fileCreatedAt ?? exifInfo?.dateTimeOriginal;
  const latitude = exifInfo?.latitude ?? null;
  const longitude = exifInfo?.longitude ?? null;
  return {
    ...(at ? { takenAt: { at, offsetMinutes: exifInfo?.timeZone ? offsetOf(at, asset.localDateTime) : null } } : {}),
    ...(asset.createdAt ? { createdAt: asset.createdAt } : {}),
    caption: exifInfo?.description ?? '',
    ...(latitude !== null && longitude !== null ? { location: { latitude, longitude, altitude: null } } : {}),
    isFavorite: asset.isFavorite,
    isArchived: asset.isArchived || asset.visibility === 'archive',
  };
}

/** Minutes east of UTC, of the clock where it was taken. */
function offsetOf(at: Date, local: Date | null | undefined): number | null {
  if (!local) return null;
  const minutes = Math.round((local.getTime() - at.getTime()) / 60_000);
  return Math.abs(minutes) <= 14 * 60 ? minutes : null;
}

const ownerOf = ({ ownerId, albumUsers }: Album): string | undefined =>
  ownerId ?? albumUsers.find(({ role }) => role === 'owner')?.user.id;

const toAlbum = (album: Album, photos: readonly string[]): EarlierWholeAlbum => ({
  earlierId: album.id,
  name: album.albumName,
  description: album.description || null,
  photos,
  cover: album.albumThumbnailAssetId ?? null,
});
