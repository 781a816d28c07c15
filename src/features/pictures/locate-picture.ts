import type { PictureVariant } from '#platform/blobs/blob-store.ts';
import type { Database } from '#platform/database/database.ts';
import type { Notifications } from '#platform/database/notifications.ts';
import { anonymous } from '#platform/database/principal.ts';
import type { Deliverable } from '#platform/delivery/index.ts';
import { findPicture, findPublished, type PictureKind } from './store.ts';

/** A picture that somebody shows. */
export interface ShownPicture {
  /** sha256 of the whole, hex. */
  readonly hash: string;
  /** What its address carries. */
  readonly version: string;
  /** Under which sha256 each of its files is read by everybody in the public bucket; empty where it is not there. */
  readonly published: ReadonlyMap<PictureVariant, string>;
  /** How it is labelled, by size and by whether the address named this version; made once for as long as it is remembered. */
  readonly labels: Map<string, Deliverable>;
}

export interface PictureLocator {
  /** What is remembered of it: so a picture costs no query. */
  remembered(kind: PictureKind, id: string): ShownPicture | undefined;
  /** Asks the database, and remembers what is there. */
  locate(kind: PictureKind, id: string): Promise<ShownPicture | null>;
  /** Call it once another picture is committed: on other servers the database's announcement does. */
  forget(id: string): void;
  close(): void;
}

const mayRemember = 100_000;

export const toShown = (hash: string, published: ShownPicture['published'] = new Map()): ShownPicture => ({
  hash,
  version: hash.slice(0, 16),
  published,
  labels: new Map(),
});

/**
 * What is shown is remembered only while the connection lives on which the database announces changes of it.
 * @param deps.place the public bucket that is configured, as rows name it
 */
export function createPictureLocator(deps: {
  database: Database;
  notifications: Notifications;
  place: string | null;
}): PictureLocator {
  const memory = new Map<string, ShownPicture>();
  let generation = 0;

  const forget = (id: string): void => {
    generation += 1;
    for (const kind of ['profile', 'cover', 'logo']) memory.delete(`${kind} ${id}`);
  };
  const forgetHash = (hash: string): void => {
    generation += 1;
    for (const [name, shown] of memory) if (shown.hash === hash) memory.delete(name);
  };
  const unsubscribe = deps.notifications.subscribe({
    onAnnouncement({ subject, id }) {
      // Of whoever is disabled or gone nothing is shown any more.
      if (subject === 'picture' || subject === 'user') forget(id);
      if (subject === 'published') forgetHash(id);
    },
    onCut() {
      generation += 1;
      memory.clear();
    },
  });

  return {
    remembered: (kind, id) => (deps.notifications.live ? memory.get(`${kind} ${id}`) : undefined),
    async locate(kind, id) {
      // What was asked while nothing could be heard is not remembered: what changed in between was never announced.
      const asked = deps.notifications.live ? generation : null;
      const shown = await deps.database.as(anonymous, async (tx) => {
        const hash = await findPicture(tx, kind, id);
        if (hash === null) return null;
        return toShown(hash, deps.place === null ? undefined : await findPublished(tx, deps.place, hash));
      });
      if (shown === null) return null;
      if (asked === generation && deps.notifications.live) {
        if (memory.size >= mayRemember) memory.delete(memory.keys().next().value as string);
        memory.set(`${kind} ${id}`, shown);
      }
      return shown;
    },
    forget,
    close: unsubscribe,
  };
}
