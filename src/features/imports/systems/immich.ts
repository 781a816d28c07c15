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
    // What is added there meanwhile moves the pages, so that one may be told twice.
    const told = new Set<string>();
    for (const visibility of visibilities) {
      for await (const asset of api.search({ visibility, withDeleted: true })) {
        if (asset.ownerId !== me || told.has(asset.id)) continue;
        told.add(asset.id);
        yield toPhoto(api, asset);
      }
    }
  }

  async function idsOf(album: Album): Promise<string[]> {
    const { assets } = await api.findAlbum(album.id);
    if (assets && assets.length > 0) return assets.map(({ id }) => id);
    const ids: string[] = [];
    for (const visibility of visibilities) {
      for await (const { id } of api.search({ visibility, albumIds: [album.id] })) ids.push(id);
    }
    return ids;
  }

  return {
    name: 'immich',
    photos,
    async *albums() {
      for (const album of await api.listAlbums()) {
        if (ownerOf(album) === me) yield toAlbum(album, await idsOf(album));
      }
    },
    count: api.countAssets,
    close: async () => api.close(),
  };
}

function toPhoto(api: ImmichApi, asset: Asset): EarlierPhoto | Passed {
  const name = `${asset.originalFileName} (${asset.id})`;
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
