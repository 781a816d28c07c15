import type { Photo } from '#lib/api-schema.ts';
import type { Pending } from '#lib/timeline/section.ts';

/** An upload as its tile shows it. Only these fields change while it runs, so that the timeline's layout is left alone. */
export class Incoming implements Pending {
  readonly key: string;
  readonly name: string;
  readonly takenAt: string;
  readonly ratio: number;
  /** Object URL of the file itself, where the browser can show its format. */
  readonly url: string | null;
  /** 0–1. */
  progress = $state(0);
  failed = $state(false);

  constructor(values: Pending & { url: string | null }) {
    this.key = values.key;
    this.name = values.name;
    this.takenAt = values.takenAt;
    this.ratio = values.ratio;
    this.url = values.url;
  }
}

/** A photo that has just come in: which tile it takes over, and the picture that tile shows until the real one is here. */
export interface Arrival {
  readonly key: string;
  readonly url: string | null;
}

let list = $state.raw<readonly Incoming[]>([]);
let arrivals = $state.raw<ReadonlyMap<string, Arrival>>(new Map());
const listeners = new Set<(photo: Photo) => void>();

/** What the timeline knows about uploads; the queue itself is loaded with the first file. */
export const incoming = {
  get list() {
    return list;
  },
  arrival: (id: string) => arrivals.get(id),
  byKey: (key: string) => list.find((item) => item.key === key),

  add(items: readonly Incoming[]): void {
    list = [...list, ...items];
  },

  /** The photo is there: its tile stays the same element, under the same key. */
  arrive(key: string, photo: Photo): void {
    const item = list.find((one) => one.key === key);
    list = list.filter((one) => one.key !== key);
    if (item) arrivals = new Map(arrivals).set(photo.id, { key, url: item.url });
    for (const listener of listeners) listener(photo);
  },

  /** Not coming after all: a duplicate, refused, or taken out of the list. */
  drop(key: string): void {
    const item = list.find((one) => one.key === key);
    if (!item) return;
    list = list.filter((one) => one.key !== key);
    if (item.url) URL.revokeObjectURL(item.url);
  },

  /** The real picture is on the screen; the file's own is no longer needed. */
  settle(id: string): void {
    const arrival = arrivals.get(id);
    if (!arrival?.url) return;
    arrivals = new Map(arrivals).set(id, { key: arrival.key, url: null });
    URL.revokeObjectURL(arrival.url);
  },

  /** Tells of every photo that comes in; returns what ends it. */
  onArrival(listener: (photo: Photo) => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
