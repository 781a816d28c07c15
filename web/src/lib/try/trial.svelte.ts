import { messageOf } from '#lib/api.ts';
import { paintOne } from './paint-one.ts';
import {
  forgetAllTried,
  forgetTried,
  keepTried,
  listTried,
  MOST_TRIED,
  type ShapeName,
  type TriedPicture,
} from './tried-pictures.ts';

/** A place for one picture: waiting for it, being painted, there, or why it is not. */
export class Tile {
  readonly id: string;
  readonly seed: number;
  state = $state<'waiting' | 'painting' | 'done' | 'failed'>('waiting');
  /** Others are painted for first. */
  isPutOff = $state(false);
  problem = $state('');
  picture = $state.raw<TriedPicture | null>(null);
  /** Address of the bytes in this page. */
  url = $state('');
  readonly leaving = new AbortController();

  constructor(id: string, seed: number) {
    this.id = id;
    this.seed = seed;
  }

  show(picture: TriedPicture): void {
    this.picture = picture;
    this.url = URL.createObjectURL(picture.file);
    this.state = 'done';
  }

  close(): void {
    this.leaving.abort();
    if (this.url) URL.revokeObjectURL(this.url);
  }
}

/** What was asked for at once. */
export interface Painting {
  readonly id: string;
  readonly prompt: string;
  readonly shape: ShapeName;
  readonly tiles: Tile[];
}

/** What a visitor has painted, and has painted now: one picture after the other. */
export function createTrial() {
  let paintings = $state<Painting[]>([]);
  let isPainting = $state(false);
  let isUnkept = $state(false);
  const count = $derived(paintings.flatMap(({ tiles }) => tiles).filter(({ state }) => state !== 'failed').length);
  const kept = $derived(paintings.flatMap(({ tiles }) => tiles).filter(({ state }) => state === 'done').length);

  /** Shows what was painted before the page was left. */
  async function load(): Promise<void> {
    const pictures = await listTried().catch(() => {
      isUnkept = true;
      return [];
    });
    for (const picture of pictures) put(picture);
  }

  function put(picture: TriedPicture): void {
    if (paintings.some(({ tiles }) => tiles.some(({ id }) => id === picture.id))) return;
    const tile = new Tile(picture.id, picture.seed);
    tile.show(picture);
    const { batch, prompt, shape } = picture;
    const place = paintings.find(({ id }) => id === batch);
    if (!place) paintings.unshift({ id: batch, prompt, shape, tiles: [tile] });
    else place.tiles.splice(place.tiles.filter(({ seed }) => seed < tile.seed).length, 0, tile);
  }

  /** @returns a sentence where there is no room for so many */
  function paint(prompt: string, shape: ShapeName, howMany: number): string | null {
    const room = MOST_TRIED - count;
    if (howMany > room) {
      return room > 0
        ? `This browser keeps ${MOST_TRIED} pictures, and has room for ${room} more. Ask for fewer, or delete some.`
        : `This browser keeps ${MOST_TRIED} pictures, and has as many. Delete some to go on.`;
    }
    const first = crypto.getRandomValues(new Uint32Array(1))[0] as number;
    // Not `randomUUID`: where there is no https, browsers have none.
    const id = `${Date.now()}-${first}`;
    const tiles = Array.from({ length: howMany }, (_, n) => new Tile(`${id}-${n}`, (first + n) % 2 ** 32));
    paintings.unshift({ id, prompt, shape, tiles });
    void work();
    return null;
  }

  /** Paints what waits, the oldest first, until nothing does. */
  async function work(): Promise<void> {
    if (isPainting) return;
    isPainting = true;
    for (let next = findNext(); next; next = findNext()) await paintTile(next.painting, next.tile);
    isPainting = false;
  }

  function findNext(): { painting: Painting; tile: Tile } | null {
    for (const painting of [...paintings].reverse()) {
      const tile = painting.tiles.find(({ state }) => state === 'waiting');
      if (tile) return { painting, tile };
    }
    return null;
  }

  async function paintTile({ id: batch, prompt, shape }: Painting, tile: Tile): Promise<void> {
    const { id, seed, leaving } = tile;
    tile.state = 'painting';
    tile.isPutOff = false;
    try {
      const onwait = () => (tile.isPutOff = true);
      const file = await paintOne({ prompt, seed, shape }, { signal: leaving.signal, onwait });
      const picture = { id, batch, prompt, seed, shape, madeAt: Date.now(), file };
      if (leaving.signal.aborted) return;
      tile.show(picture);
      if (!(await keepTried(picture))) isUnkept = true;
    } catch (error) {
      if (leaving.signal.aborted) return;
      tile.problem = messageOf(error);
      tile.state = 'failed';
    }
  }

  function retry(tile: Tile): void {
    tile.state = 'waiting';
    void work();
  }

  /** @returns what puts it back */
  function remove(tile: Tile): () => void {
    const { picture } = tile;
    tile.close();
    for (const painting of paintings) {
      const at = painting.tiles.findIndex(({ id }) => id === tile.id);
      if (at >= 0) painting.tiles.splice(at, 1);
    }
    paintings = paintings.filter(({ tiles }) => tiles.length > 0);
    void forgetTried(tile.id);
    return () => {
      if (!picture) return;
      put(picture);
      void keepTried(picture);
    };
  }

  async function removeAll(): Promise<void> {
    close();
    paintings = [];
    await forgetAllTried();
  }

  function close(): void {
    for (const { tiles } of paintings) for (const tile of tiles) tile.close();
  }

  return {
    get paintings() {
      return paintings;
    },
    get isPainting() {
      return isPainting;
    },
    /** The browser keeps nothing: what is shown is gone with the page. */
    get isUnkept() {
      return isUnkept;
    },
    /** Pictures that are there. */
    get kept() {
      return kept;
    },
    load,
    paint,
    retry,
    remove,
    removeAll,
    close,
  };
}
