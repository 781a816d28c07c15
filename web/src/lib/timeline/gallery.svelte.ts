import { api, messageOf } from '#lib/api.ts';
import type { InputOf, Photo, PhotoFilter } from '#lib/api-schema.ts';
import { incoming } from '#lib/upload/incoming.svelte.ts';
import type { MonthShape } from './layout.ts';
import {
  emptySection,
  type Section,
  toSection,
  withFavorite,
  withoutPhotos,
  withPending,
  withPhoto,
} from './section.ts';
import { monthTitle } from './taken.ts';

export interface Place {
  readonly month: string;
  readonly index: number;
}

/** One filter's photos: month counts at once, a month's columns when somebody looks at it. */
export type Gallery = ReturnType<typeof createGallery>;

/** A month that could not be loaded is asked for again no sooner than this, in ms. */
const RETRY_AFTER = 3000;

/** @param filter only what is asked for: no member that is undefined, false or empty. */
export function createGallery(filter: PhotoFilter) {
  // An address writes every value as text.
  const query = filter as InputOf<'get', '/timeline'>['query'];
  const isWhole = Object.keys(filter).length === 0;
  // As the server decides it: what is searched for by words, or within an album, is found in the archive as well.
  const archived = filter.archived ?? (filter.q || filter.album_id ? 'any' : false);
  let status = $state<'loading' | 'ready' | 'failed'>('loading');
  let problem = $state('');
  let counts = $state.raw<{ month: string; count: number }[]>([]);
  // Replaced as a whole: a few hundred entries at most, and half a kilobyte less than a reactive map.
  let sections = $state.raw<ReadonlyMap<string, Section>>(new Map());
  /** Months loaded before the last refresh: shown until they are loaded anew. */
  const stale = new Set<string>();
  const loading = new Map<string, Promise<Section | undefined>>();
  /** Photos that came in while their month was being loaded. */
  const late = new Map<string, Photo[]>();
  /** Months in which a heart changed or a photo went while they were being loaded. */
  const outdated = new Set<string>();
  let retries = $state(0);

  // An upload's tile stands between the photos of its month; only coming and going changes this, never its progress.
  const pendingByMonth = $derived(Map.groupBy(isWhole ? incoming.list : [], ({ takenAt }) => takenAt.slice(0, 7)));
  const shown = $derived.by(() => {
    const result = new Map<string, Section>(sections);
    for (const [month, pendings] of pendingByMonth) {
      const section = sections.get(month) ?? (counts.some((c) => c.month === month) ? undefined : emptySection(month));
      if (section) result.set(month, withPending(section, pendings));
    }
    return result;
  });
  const shapes = $derived.by(() => {
    const months = new Map<string, MonthShape>(counts.map(({ month, count }) => [month, { month, count }]));
    for (const [month, section] of shown) {
      if (section.id.length > 0) months.set(month, { month, count: section.id.length, ratios: section.ratios });
      else months.delete(month);
    }
    return [...months.values()].sort((a, b) => (a.month < b.month ? 1 : -1));
  });
  const total = $derived(shapes.reduce((sum, { count }) => sum + count, 0));

  /** @param isStale tells which of the months at hand, with how many photos there are now, are to be loaded anew. */
  async function load(isStale: (section: Section, count: number) => boolean = () => true): Promise<void> {
    try {
      const { items } = await api.get('/timeline', { query });
      const known = new Map(items.map(({ month, count }) => [month, count]));
      sections = new Map([...sections].filter(([month]) => known.has(month)));
      for (const [month, section] of sections) if (isStale(section, known.get(month) ?? 0)) stale.add(month);
      counts = items;
      status = 'ready';
    } catch (error) {
      if (status === 'ready') return;
      problem = messageOf(error);
      status = 'failed';
    }
  }

  function ensure(month: string): Promise<Section | undefined> {
    const section = sections.get(month);
    if (section && !stale.has(month)) return Promise.resolve(section);
    if (!counts.some((known) => known.month === month)) return Promise.resolve(section);
    let request = loading.get(month);
    if (!request) {
      stale.delete(month);
      request = api
        .get('/timeline/:month', { param: { month }, query })
        .then((columns) => {
          loading.delete(month);
          if (outdated.delete(month)) {
            stale.add(month);
            retries++;
            return sections.get(month);
          }
          // What came in while the answer was on its way is not in it.
          let fresh = toSection(columns);
          for (const photo of late.get(month) ?? []) fresh = withPhoto(fresh, photo);
          late.delete(month);
          sections = new Map(sections).set(month, fresh);
          return fresh;
        })
        .catch(() => {
          setTimeout(() => {
            if (section) stale.add(month);
            loading.delete(month);
            retries++;
          }, RETRY_AFTER);
          return undefined;
        });
      loading.set(month, request);
    }
    return request;
  }

  function find(id: string): Place | undefined {
    for (const [month, section] of shown) {
      const index = section.id.indexOf(id);
      if (index >= 0) return { month, index };
    }
    return undefined;
  }

  function neighbour(id: string, step: -1 | 1): string | undefined | Promise<string | undefined> {
    const place = find(id);
    if (!place) return undefined;
    let month = shapes.findIndex((shape) => shape.month === place.month);
    let section = shown.get(place.month);
    let index = place.index + step;
    for (;;) {
      for (; section && index >= 0 && index < section.id.length; index += step)
        if (section.pending[index] === null) return section.id[index];
      month += step;
      const next = shapes[month]?.month;
      if (next === undefined) return undefined;
      section = shown.get(next);
      if (!section) return ensure(next).then((loaded) => loaded && neighbour(id, step));
      index = step > 0 ? 0 : section.id.length - 1;
    }
  }

  /** Changes the month's columns, and its count with them. */
  function put(section: Section): void {
    const next = new Map(sections).set(section.month, section);
    const count = section.id.length;
    const others = counts.filter(({ month }) => month !== section.month);
    if (count > 0) others.push({ month: section.month, count });
    counts = others.sort((a, b) => (a.month < b.month ? 1 : -1));
    if (count === 0) next.delete(section.month);
    sections = next;
  }

  function outdate({ month }: Section): void {
    if (loading.has(month)) outdated.add(month);
  }

  const hasPlaceFor = (isArchived: boolean) => archived === 'any' || archived === isArchived;

  return {
    filter,
    isWhole,
    /** True for an album: one run of photos in an order of its own, without headings. */
    isOneRun: false as boolean,
    /** What a month's photos are called together. */
    nameOf: monthTitle,
    /** Whether a photo is the person's own, to change and to throw away: in an album others' stand beside them. */
    isOwn: (_id: string): boolean => true,
    /** Whether archived photos, or those that are not, belong here. */
    hasPlaceFor,
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
      return total;
    },
    /** Grows when a month that failed to load may be asked for again. */
    get retries() {
      return retries;
    },
    /** The month's photos as far as loaded, uploads under way included. */
    section: (month: string) => shown.get(month),
    load,
    /** Loads a month's columns unless they are here; undefined when that failed or there is no such month. */
    ensure,
    /** True while the month is on the screen from before a refresh. */
    isStale: (month: string) => stale.has(month),
    find,

    /** Finds a photo that may lie in a month not loaded; undefined when it is not in this gallery. */
    async locate(id: string, takenAt: string): Promise<Place | undefined> {
      if (!find(id)) await ensure(takenAt.slice(0, 7));
      return find(id);
    },

    /** The photo before (-1) or after (1) another in the timeline's order; a promise when its month must be loaded first. */
    neighbour,

    /** Ids from one photo to another in the timeline's order, both included; loads the months between. */
    async between(from: string, to: string): Promise<string[]> {
      const [a, b] = [find(from), find(to)];
      if (!a || !b) return [to];
      const [first, last] = a.month > b.month || (a.month === b.month && a.index <= b.index) ? [a, b] : [b, a];
      const ids: string[] = [];
      for (const { month } of shapes) {
        if (month > first.month || month < last.month) continue;
        await ensure(month);
        const section = shown.get(month);
        const start = month === first.month ? first.index : 0;
        const end = month === last.month ? last.index + 1 : section?.id.length;
        for (let i = start; i < (end ?? 0); i++) if (section?.pending[i] === null) ids.push(section.id[i] as string);
      }
      return ids;
    },

    /** A photo that has come in, or whose date, caption or heart has changed. */
    put(photo: Photo): void {
      const before = find(photo.id);
      const month = photo.taken_at.slice(0, 7);
      if (before && before.month !== month) {
        const old = sections.get(before.month);
        if (old) put(withoutPhotos(old, new Set([photo.id])));
      }
      if ((filter.favorite && !photo.is_favorite) || !hasPlaceFor(photo.is_archived)) {
        const old = sections.get(month);
        if (old) put(withoutPhotos(old, new Set([photo.id])));
        return;
      }
      // Whether something new matches the rest of a filter, only the server knows.
      if (!isWhole && !filter.favorite && !before) return;
      const section = sections.get(month);
      if (loading.has(month)) late.set(month, [...(late.get(month) ?? []), photo]);
      if (section) put(withPhoto(section, photo));
      else if (!counts.some((known) => known.month === month)) put(withPhoto(emptySection(month), photo));
      else if (!before)
        counts = counts.map((known) => (known.month === month ? { month, count: known.count + 1 } : known));
    },

    /** Takes photos off the page; those in months not loaded change only the counts, at the next `load`. */
    remove(ids: ReadonlySet<string>): void {
      for (const section of [...sections.values()]) {
        if (!section.id.some((id) => ids.has(id))) continue;
        outdate(section);
        put(withoutPhotos(section, ids));
      }
    },

    /** Sets or takes hearts; null means every photo here. */
    favorite(ids: ReadonlySet<string> | null, isFavorite: boolean): void {
      for (const section of [...sections.values()]) {
        if (ids && !section.id.some((id) => ids.has(id))) continue;
        outdate(section);
        if (filter.favorite && !isFavorite) put(withoutPhotos(section, ids ?? new Set(section.id)));
        else sections = new Map(sections).set(section.month, withFavorite(section, ids, isFavorite));
      }
    },
  };
}
