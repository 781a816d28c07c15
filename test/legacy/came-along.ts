import { type Kysely, sql } from 'kysely';
import type { TestApp } from '../app.ts';

/** Writes down by which id an earlier system knew something, as the importers do. */
export const cameAlong = (
  app: TestApp,
  row: { system: string; kind: 'person' | 'photo'; earlierId: string; id: string; ownerId: string; by: string },
) =>
  app.database.database.as({ kind: 'user', id: row.by }, (tx: Kysely<unknown>) =>
    sql`insert into imported (system, kind, earlier_id, id, owner_id)
      values (${row.system}, ${row.kind}, ${row.earlierId}, ${row.id}, ${row.ownerId})`.execute(tx),
  );
