import { Client } from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '#platform/database/embedded-postgres.ts';
import type { Account, RunningServer } from './server.ts';

const BATCH = 100_000;
const BLOBS = 1000;

/**
 * Puts rows of `count` photos into an account, spread evenly over twenty years, by SQL as the database's owner on behalf of that
 * account: triggers keep the counters as they always do. There are no files behind them.
 */
export async function fillTimeline({ dataDir }: RunningServer, { id }: Account, count: number): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir, logger: pino({ level: 'silent' }) });
  const client = new Client(postgres.owner);
  await client.connect();
  try {
    await client.query(
      `insert into blobs (hash, bytes, driver) select sha256(n::text::bytea), 3000000, 'files' from generate_series(1, $1::int) n`,
      [BLOBS],
    );
    for (let from = 0; from < count; from += BATCH) {
      await client.query('begin');
      await client.query(`select set_config('app.principal', $1, true)`, [`user:${id}`]);
      await client.query(
        `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, is_favorite, taken_at, taken_offset,
                             taken_from, placeholder, camera_make, camera_model)
         select uuidv7(), $1, sha256((n % $2 + 1)::text::bytea), 'IMG_' || n || '.jpg', 'image/jpeg', 3000000, 4000, 3000, n % 20 = 0,
                timestamptz '2006-01-01' + n * interval '20 years' / $3, 120, 'camera', sha256(n::text::bytea), 'Tintype', 'Bench'
         from generate_series($4::int, $5::int) n`,
        [id, BLOBS, count, from + 1, Math.min(from + BATCH, count)],
      );
      await client.query('commit');
    }
    await client.query('vacuum (analyze) photos, timeline_months, usage');
    await client.query('checkpoint');
  } finally {
    await client.end();
    await postgres.stop();
  }
}
