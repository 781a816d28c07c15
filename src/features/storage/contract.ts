import { z } from '@hono/zod-openapi';
import { storageDrivers, variants } from '#platform/blobs/blob-store.ts';
import { dateTime } from '#platform/http/contract.ts';

const Driver = z.enum(storageDrivers).openapi('StorageDriver');
const bytes = z.int().openapi({ description: 'Bytes' });

const Place = z
  .strictObject({
    driver: Driver,
    role: z.enum(['current', 'source', 'left', 'configured']).openapi({
      description:
        'Where new bytes go; where the library moves from; where it was, and what is left is deleted in a day; where it could move to',
    }),
    name: z.string().nullable().openapi({ description: 'Of a bucket' }),
    originals: z.int(),
    bytes,
    derivatives: z.int(),
    derivative_bytes: bytes,
    disk: z
      .strictObject({ free_bytes: bytes, total_bytes: bytes })
      .nullable()
      .openapi({ description: 'Of the disk that files are on' }),
  })
  .openapi('StoragePlace');

const PublicPlace = z
  .strictObject({
    name: z.string().openapi({ description: 'Of the bucket' }),
    url: z.string().openapi({ description: 'Where everybody reads it' }),
    files: z.int(),
    bytes,
    missing: z.int().openapi({ description: 'Pictures that are shown and are not there yet; a job puts them there' }),
    is_read: z.boolean().openapi({
      description: 'Whether what is put there was read at its address; until then the server shows the pictures itself',
    }),
    probe: z.strictObject({ ok: z.boolean(), error: z.string().nullable() }).nullable().openapi({
      description: 'Something that was put there and read at its address, and something private that must not be',
    }),
  })
  .openapi('PublicPlace');

const Fault = z.strictObject({ hash: z.string(), variant: z.enum(variants) });

const Migration = z
  .strictObject({
    from: Driver,
    to: Driver,
    since: dateTime,
    state: z.enum(['running', 'paused', 'waiting']).openapi({
      description:
        'Whether some process is at it; paused by somebody, or interrupted; or about to be taken up by a server',
    }),
    done: z.int().openapi({ description: 'Originals that are there by now, each with its derivatives' }),
    of: z.int(),
    done_bytes: bytes,
    total_bytes: bytes,
    faults: z.int().openapi({ description: 'Files that could not be moved' }),
    first_faults: z.array(Fault.extend({ why: z.string(), tries: z.int(), tried_at: dateTime })),
  })
  .openapi('StorageMigration');

const Check = z
  .strictObject({
    started_at: dateTime,
    finished_at: dateTime,
    data_read: z.boolean(),
    files: z.int(),
    faults: z.int(),
    first_faults: z.array(Fault.extend({ what: z.enum(['missing', 'short', 'changed', 'unreadable']) })),
    orphans: z.int().openapi({ description: 'Files that nothing knows of; a day old, they are deleted' }),
  })
  .openapi('StorageCheck');

export const StorageStatus = z
  .strictObject({
    places: z.array(Place),
    configured: Driver.openapi({
      description:
        'TINTYPE_STORAGE of the server that answers. One that starts with another place than the library is in, refuses.',
    }),
    probe: z
      .strictObject({
        ok: z.boolean(),
        write_ms: z.number().nullable(),
        read_ms: z.number().nullable(),
        delete_ms: z.number().nullable(),
        error: z.string().nullable(),
      })
      .nullable()
      .openapi({
        description: '64 KiB that were written, read and deleted for this answer; null when that was not asked for',
      }),
    public_place: PublicPlace.nullable().openapi({
      description: 'The bucket that what people show to everybody is read from; null where the server alone shows it',
    }),
    migration: Migration.nullable(),
    check: Check.nullable().openapi({ description: 'What was found when the storage was checked last' }),
    is_checking: z.boolean().openapi({ description: 'Whether a check is asked for or under way' }),
  })
  .openapi('StorageStatus');

export const StorageQuery = z.strictObject({
  probe: z
    .enum(['true', 'false'])
    .default('true')
    .openapi({ description: 'false to look at figures alone, as often as one likes' }),
});

export const StartMigration = z.strictObject({ to: Driver }).openapi('StartStorageMigration');

export const StartCheck = z
  .strictObject({
    read_data: z.boolean().default(false).openapi({ description: 'Read every byte and hash originals' }),
  })
  .openapi('StartStorageCheck');
