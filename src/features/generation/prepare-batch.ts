import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { findPhotoDetail } from '#features/photos/index.ts';
import type { Principal } from '#platform/database/principal.ts';
import { BackendError, type Batch } from './backends/backend.ts';
import type { GenerationDeps } from './deps.ts';
import type { AlternativeRow, StepRow } from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'blobs'>;

/**
 * A step as backends are asked for it; the picture that it starts from is put into `folder`.
 * @throws BackendError when that picture is gone
 */
export async function prepareBatch(
  deps: Deps,
  step: StepRow,
  rows: readonly AlternativeRow[],
  folder: string,
): Promise<Batch> {
  return toBatch(step, rows, await writeSource(deps, step, folder));
}

const toBatch = (step: StepRow, rows: readonly AlternativeRow[], path: string | null): Batch => {
  const { parameters } = step;
  const { vae_key: vae, vae_hash: vaeHash = '', width, height, steps, cfg_scale, scheduler, strength = 1 } = parameters;
  return {
    id: step.batch_id,
    prompt: step.prompt,
    negativePrompt: step.negative_prompt ?? '',
    model: { key: step.model_key, hash: step.model_hash, name: step.model_name, base: step.model_base },
    vae: vae === undefined ? null : { key: vae, hash: vaeHash },
    sampling: { width, height, steps, cfg_scale, scheduler },
    seeds: rows.map(({ seed }) => Number(seed)),
    source: path === null ? null : { path, strength },
  };
};

/** The picture to start from as a file: upright, without metadata, of 2048 pixels at the most. @throws BackendError when it is gone */
async function writeSource(
  { database, blobs }: Deps,
  { owner_id: ownerId, source_photo_id: id, parameters, model_base: base }: StepRow,
  folder: string,
): Promise<string | null> {
  if (parameters.strength === undefined) return null;
  const principal: Principal = { kind: 'user', id: ownerId };
  const photo = id ? await database.as(principal, (tx: Tx) => findPhotoDetail(tx, id)) : undefined;
  // The painter goes on with what it painted itself by what the file tells, which previews do not have.
  const isItsOwn = base === 'painter' && photo?.kind === 'generated' && photo.digital_source === 'algorithmicMedia';
  const variant = isItsOwn ? 'original' : 'preview';
  const reader = photo && (await blobs.open({ hash: photo.blob_hash.toString('hex'), variant }));
  if (!reader) {
    throw new BackendError(
      'invokeai_generation_error',
      'The picture that this step starts from is deleted. Choose another, and ask again.',
    );
  }
  try {
    const bytes = Buffer.alloc(reader.size);
    await reader.read(bytes, 0, reader.size, 0);
    const path = join(folder, 'source');
    await writeFile(path, bytes);
    return path;
  } finally {
    await reader.close();
  }
}
