import { Client } from 'pg';
import { pino } from 'pino';
import { startEmbeddedPostgres } from '#platform/database/embedded-postgres.ts';
import type { Account, RunningServer } from './server.ts';

const BATCH = 20_000;

/** What is in the captions, and how often: of a thousand photos this many have the word. */
export const common = { lake: 300, lantern: 140, harbour: 60, heron: 4, zeppelin: 0.05 } as const;

/**
 * Puts rows of photos into accounts by turns, by SQL as the database's owner on behalf of each: triggers index them as they
 * always do. Captions of four to nine words out of five thousand (few of them often, as in any language), two or three tags of two
 * hundred, twelve cameras, file names as cameras and telephones write them. There are no files behind them.
 */
export async function fillSearch(
  { dataDir }: RunningServer,
  accounts: readonly Account[],
  count: number,
): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir, logger: pino({ level: 'silent' }) });
  const client = new Client(postgres.owner);
  await client.connect();
  try {
    await client.query(
      `insert into blobs (hash, bytes, driver) select sha256(n::text::bytea), 3000000, 'files' from generate_series(1, 1000) n`,
    );
    for (let from = 0; from < count; from += BATCH) {
      for (const { id } of accounts) {
        await client.query('begin');
        await client.query(`select set_config('app.principal', $1, true), setseed(0.5)`, [`user:${id}`]);
        await client.query(
          `insert into photos (id, owner_id, blob_hash, filename, mime_type, bytes, width, height, is_favorite, caption, tags, taken_at,
                               taken_offset, taken_from, placeholder, camera_make, camera_model, place)
           select uuidv7(), $1, sha256((n % 1000 + 1)::text::bytea),
             case n % 3 when 0 then 'IMG_' || lpad((n % 10000)::text, 4, '0') || '.JPG'
               when 1 then to_char(at, '"PXL_"YYYYMMDD"_"HH24MISS') || n % 1000 || '.jpg' else 'DSC' || lpad((n % 100000)::text, 5, '0') || '.jpg' end,
             'image/jpeg', 3000000, 4000, 3000, n % 20 = 0,
             (select string_agg(coalesce((select word from jsonb_each_text($2::jsonb) c(word, often)
                where hashint8(n * 31 + hashtext(word)) & 65535 < often::float * 65.536 and w.i = abs(hashtext(word)) % 4 limit 1),
                'w' || translate((5000 ^ random())::int::text, '0123456789', 'aeioubdgmr')), ' ')
              from generate_series(0, 3 + n % 6) w(i)),
             array(select distinct 'tag ' || translate((200 ^ random())::int::text, '0123456789', 'aeioubdgmr') from generate_series(0, n % 4) where n % 4 > 0),
             at, 120, 'camera', sha256(n::text::bytea), (array['Canon', 'NIKON CORPORATION', 'FUJIFILM', 'Apple'])[n % 4 + 1],
             (array['EOS R5', 'Z 6', 'X100V', 'iPhone 15', 'EOS 80D', 'D850', 'X-T4', 'iPhone 12'])[n % 8 + 1],
             case when n % 3 = 0 then (array['Lucerne', 'Bergen', 'Kyoto', 'Lisbon', 'Oaxaca'])[n % 5 + 1] end
           from generate_series($3::bigint, $4::bigint) n, lateral (select timestamptz '2006-01-01' + n * interval '20 years' / $5 as at) t`,
          [id, JSON.stringify(common), from + 1, Math.min(from + BATCH, count), count],
        );
        await client.query('commit');
      }
    }
    await client.query('vacuum (analyze)');
    await client.query('checkpoint');
  } finally {
    await client.end();
    await postgres.stop();
  }
}
