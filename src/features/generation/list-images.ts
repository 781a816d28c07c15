import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { createPresenter, findPhotos } from '#features/photos/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { ImageList, ImageQuery } from './contract.ts';
import type { GenerationDeps } from './deps.ts';
import * as store from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;

/** What was made last and is in the gallery, newest first; `total` counts all that match. */
export async function listImages(
  deps: Pick<GenerationDeps, 'database' | 'signedUrls'>,
  caller: Caller,
  { limit, batch_id: batchId, correlation_id: correlationId, since }: z.infer<typeof ImageQuery>,
): Promise<z.infer<typeof ImageList>> {
  const user = requireAllowed(caller, 'generation.list');
  const present = createPresenter(deps, user);
  return deps.database.as(user.principal, async (tx: Tx) => {
    const filter = { batchId, correlationId, since: since === undefined ? undefined : new Date(since) };
    const { items, total } = await store.listMadeImages(tx, user.userId, filter, limit);
    const photos = new Map(
      (
        await findPhotos(
          tx,
          items.map(({ id }) => id),
        )
      ).map((photo) => [photo.id, photo]),
    );
    return {
      items: items.flatMap((row) => {
        const photo = photos.get(row.id);
        if (!photo) return [];
        const { parameters } = row;
        return {
          id: row.id,
          batch_id: row.batch_id,
          correlation_id: row.correlation_id,
          width: photo.width,
          height: photo.height,
          created_at: photo.created_at.toISOString(),
          retrieval_status: 'completed' as const,
          thumbnail_url: present.url(photo, 'medium'),
          full_url: present.url(photo, 'original'),
          generation_metadata: {
            prompt: row.prompt,
            negative_prompt: row.negative_prompt,
            model: { key: parameters.model_key, hash: row.model_hash, name: row.model_name },
            seed: Number(row.seed),
            steps: parameters.steps,
            cfg_scale: parameters.cfg_scale,
            scheduler: parameters.scheduler,
          },
        };
      }),
      total,
    };
  });
}
