import { api, messageOf } from '#lib/api.ts';
import type { PersonName } from '#lib/api-schema.ts';
import type { Gallery } from '#lib/timeline/gallery.svelte.ts';
import { withFavorite } from '#lib/timeline/section.ts';
import {
  type AlbumSection,
  inOrder,
  pickPhotos,
  RUN,
  toAlbumSection,
  withChanged,
  withoutPhotosOf,
} from './album-section.ts';

/** An album's photos in its own order, as the timeline, the lightbox and the selection know a gallery. */
export interface AlbumGallery extends Gallery {
  /** Everything in the album, whoever's photos are shown alone. */
  readonly ids: readonly string[];
  /** The one person whose photos are shown; null shows all. */
  person: string | null;
  /** Puts the photos into another order on the page. */
  reorder(ids: readonly string[]): void;
  /** Who added a photo; null for a guest, undefined where nobody is named (a smart album, or not here). */
  adder(id: string): PersonName | null | undefined;
}

/**
 * @param nameOf what the album is called now
 * @param isOwn whether what this person, or a guest (null), added is the caller's own
 */
export function createAlbumGallery(
  albumId: string,
  nameOf: () => string,
  isOwn: (adder: PersonName | null) => boolean,
): AlbumGallery {
  let status = $state<Gallery['status']>('loading');
  let problem = $state('');
  let whole = $state.raw<AlbumSection | null>(null);
  let people = $state.raw<ReadonlyMap<string, PersonName>>(new Map());
  let isSmart = false;
  let person = $state<string | null>(null);
  const section = $derived.by(() => {
    if (!whole || person === null) return whole;
    const { added_by } = whole;
    return pickPhotos(
      whole,
      added_by.flatMap((by, at) => (by === person ? [at] : [])),
    );
  });
  const shapes = $derived(
    section && section.id.length > 0 ? [{ month: RUN, count: section.id.length, ratios: section.ratios }] : [],
  );
  let turn = 0;

  async function load(): Promise<void> {
    turn += 1;
    const mine = turn;
    try {
      const columns = await api.get('/albums/:id/layout', { param: { id: albumId } });
      if (mine !== turn) return;
      isSmart = columns.added_by.length === 0;
      people = new Map(columns.people.map((one) => [one.id, one]));
      whole = toAlbumSection(columns);
      if (person !== null && !columns.added_by.includes(person)) person = null;
      status = 'ready';
    } catch (error) {
      if (mine !== turn || status === 'ready') return;
      problem = messageOf(error);
      status = 'failed';
    }
  }

  const indexOf = (id: string) => section?.id.indexOf(id) ?? -1;
  const find = (id: string) => {
    const index = indexOf(id);
    return index < 0 ? undefined : { month: RUN, index };
  };

  const adder = (id: string) => {
    const at = whole?.id.indexOf(id) ?? -1;
    if (!whole || at < 0 || isSmart) return undefined;
    const by = whole.added_by[at];
    return by === null || by === undefined ? null : people.get(by);
  };

  return {
    filter: { album_id: albumId },
    isWhole: false,
    isOneRun: true,
    nameOf,
    isOwn(id) {
      const by = adder(id);
      return by === undefined || isOwn(by);
    },
    hasPlaceFor: () => true,
    get status() {
      return status;
    },
    get problem() {
      return problem;
    },
    get shapes() {
      return shapes;
    },
    get total() {
      return section?.id.length ?? 0;
    },
    retries: 0,
    get ids() {
      return whole?.id ?? [];
    },
    get person() {
      return person;
    },
    set person(id) {
      person = id;
    },
    section: (month) => (month === RUN ? (section ?? undefined) : undefined),
    load,
    ensure: async () => section ?? undefined,
    isStale: () => false,
    find,
    async locate(id) {
      if (!whole) await load();
      return find(id);
    },
    neighbour(id, step) {
      const index = indexOf(id);
      return index < 0 ? undefined : section?.id[index + step];
    },
    async between(from, to) {
      const ends = [indexOf(from), indexOf(to)].sort((a, b) => a - b) as [number, number];
      return ends[0] < 0 ? [to] : (section?.id.slice(ends[0], ends[1] + 1) ?? []);
    },
    put(photo) {
      if (whole) whole = withChanged(whole, photo);
    },
    remove(ids) {
      if (whole) whole = withoutPhotosOf(whole, ids);
    },
    favorite(ids, isFavorite) {
      if (whole) whole = { ...whole, is_favorite: withFavorite(whole, ids, isFavorite).is_favorite };
    },
    reorder(ids) {
      if (whole) whole = inOrder(whole, ids);
    },
    adder,
  };
}
