import { posix } from 'node:path';
import {
  type EarlierPhoto,
  type EarlierSystem,
  type EarlierWholeAlbum,
  type OpenFile,
  type Passed,
  Skip,
} from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';
import { openBelow, requireSome } from '../walk-files.ts';
import { type GalleryStep, readGalleryMaking } from './read-gallery-making.ts';
import { openRows, type Row, type Rows, toBoolean, toDate, toUuid } from './rows.ts';

const photoColumns = [
  'id',
  'filename',
  'created_at',
  'deleted_at',
  'is_generated',
  'generation_prompt',
  'generation_negative_prompt',
  'generation_params',
  'source_image_id',
  'model_key',
  'local_storage_path',
  'retrieval_status',
];
const stepColumns = ['id', 'session_id', 'prompt', 'negative_prompt', 'parameters', 'model_key', 'completed_at'];
const albumColumns = ['id', 'name', 'description', 'cover_photo_id'];

/**
 * photo-gallery: the photos and albums of its one person, and what it made with InvokeAI.
 * @param deps.database a Postgres address, or the path of an SQLite file
 * @param deps.photos its folder `data/photos`
 */
export async function openPhotoGallery(deps: { database: string; photos: string }): Promise<EarlierSystem> {
  const rows = await openRows(deps.database);
  const columns = await rows.columns('photos');
  if (!columns.has('generation_params') || !(await rows.columns('album_photos')).has('position')) {
    await rows.close();
    throw new ImportError('This is no database of photo-gallery: it has no tables photos and album_photos.');
  }

  const namedFiles = async function* () {
    for await (const row of rows.read('photos', ['id', 'local_storage_path'], 'id')) {
      yield* pathOf(deps.photos, row.local_storage_path);
    }
  };
  await requireSome(deps.photos, namedFiles(), 'data/photos').catch(async (error) => {
    await rows.close();
    throw error;
  });

  const toPhoto = (row: Row, steps: Steps, models: Models): EarlierPhoto | Passed => {
    const id = toUuid(row.id ?? '');
    const filename = row.filename || id;
    if (row.deleted_at) return { name: filename, why: 'in_trash' };
    if (row.retrieval_status && row.retrieval_status !== 'completed') return { name: filename, why: 'unfinished' };
    const step = steps.of(id);
    const at = toDate(row.created_at);
    const source = row.source_image_id ? toUuid(row.source_image_id) : null;
    const isMade = toBoolean(row.is_generated);
    return {
      name: row.local_storage_path || filename,
      filename: posix.basename(filename),
      earlierIds: [id],
      id,
      owner: 'named',
      told: at ? { createdAt: at } : {},
      albums: [],
      ...(isMade ? { made: { kind: 'generated', of: source, ...readGalleryMaking(row, step, models) } } : {}),
      open: () =>
        openFirst(deps.photos, [...pathOf(deps.photos, row.local_storage_path), ...(isMade ? keptAt(id, step) : [])]),
    };
  };

  return {
    name: 'photo-gallery',
    async *photos() {
      const [steps, models] = [await readSteps(rows), await readModels(rows)];
      for await (const row of bySource(rows)) if (row.id) yield toPhoto(row, steps, models);
    },
    async *albums() {
      const places = await readPlaces(rows);
      for await (const row of rows.read('albums', albumColumns, 'id')) yield toAlbum(row, places);
    },
    count: () => rows.count('photos'),
    close: rows.close,
  };
}

/** Each photo after the one that it was made of, however long such a chain is. */
async function* bySource(rows: Rows): AsyncGenerator<Row> {
  const waiting = new Map<string, Row>();
  for await (const row of rows.read('photos', photoColumns, 'id')) {
    if (row.source_image_id && row.source_image_id !== row.id) waiting.set(toUuid(row.id ?? ''), row);
    else yield row;
  }
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, row]) => !waiting.has(toUuid(row.source_image_id ?? '')));
    // A ring has no beginning; it is no photo's fault.
    for (const [id, row] of ready.length > 0 ? ready : [...waiting]) {
      waiting.delete(id);
      yield ready.length > 0 ? row : { ...row, source_image_id: null };
    }
  }
}

interface Steps {
  of(photoId: string): GalleryStep | undefined;
}

async function readSteps(rows: Rows): Promise<Steps> {
  const steps = new Map<string, GalleryStep>();
  if ((await rows.columns('generation_steps')).has('id')) {
    for await (const row of rows.read('generation_steps', stepColumns, 'id')) steps.set(toUuid(row.id ?? ''), row);
  }
  const stepOf = new Map<string, string>();
  for (const { image_id, step_id } of await rows.all('step_alternatives', ['image_id', 'step_id'])) {
    if (image_id && step_id) stepOf.set(toUuid(image_id), toUuid(step_id));
  }
  return { of: (id) => steps.get(stepOf.get(id) ?? '') };
}

type Models = ReadonlyMap<string, string>;

async function readModels(rows: Rows): Promise<Models> {
  const models = await rows.all('models', ['key', 'name']);
  return new Map(models.map(({ key, name }) => [key ?? '', name ?? '']));
}

/** Of each album, its photos in their order; those without a place come last, as they were added. */
async function readPlaces(rows: Rows): Promise<ReadonlyMap<string, readonly string[]>> {
  const all = await rows.all('album_photos', ['album_id', 'photo_id', 'position', 'added_at']);
  const place = ({ position }: Row): number => (position == null ? Infinity : Number(position));
  const by = (a: string | null | undefined, b: string | null | undefined): number =>
    (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0;
  const sorted = all.toSorted(
    (a, b) =>
      (place(a) === place(b) ? 0 : place(a) - place(b)) || by(a.added_at, b.added_at) || by(a.photo_id, b.photo_id),
  );
  const grouped = Map.groupBy(sorted, ({ album_id }) => toUuid(album_id ?? ''));
  return new Map([...grouped].map(([album, found]) => [album, found.map(({ photo_id }) => toUuid(photo_id ?? ''))]));
}

function toAlbum(row: Row, places: ReadonlyMap<string, readonly string[]>): EarlierWholeAlbum {
  const earlierId = toUuid(row.id ?? '');
  return {
    earlierId,
    name: row.name ?? '',
    description: row.description || null,
    photos: places.get(earlierId) ?? [],
    cover: row.cover_photo_id ? toUuid(row.cover_photo_id) : null,
  };
}

/** Rows tell paths from where the server ran, or from the root of its disk: what stands behind `data/photos` is the folder's. */
function pathOf(root: string, path: string | null | undefined): string[] {
  if (!path) return [];
  if (path.startsWith(`${root}/`)) return [path.slice(root.length + 1)];
  const [below] = path
    .replaceAll('\\', '/')
    .split(/^(?:.*\/)?data\/photos\//)
    .slice(-1);
  return below ? [below] : [];
}

/** Where it keeps what it made: among the others of its step, and once more if it was chosen. */
function keptAt(id: string, step: GalleryStep | undefined): string[] {
  if (!step?.id || !step.session_id) return [];
  const folder = `generated/sessions/${toUuid(step.session_id)}/${toUuid(step.id)}`;
  const day = toDate(step.completed_at)?.toISOString().slice(0, 10);
  return [
    `${folder}/variants/${id}.png`,
    `${folder}/selected/${id}.png`,
    ...(day ? [`generated/completed/${day}/${id}.png`] : []),
  ];
}

/** @throws Skip as the first of them says, when none of them is there */
async function openFirst(root: string, paths: readonly string[]): Promise<OpenFile> {
  let first: unknown;
  for (const path of paths) {
    try {
      return await openBelow(root, path);
    } catch (error) {
      if (!(error instanceof Skip) || error.why !== 'missing') throw error;
      first ??= error;
    }
  }
  throw first ?? new Skip('missing');
}
