import type { Kysely } from 'kysely';

export async function accounting(_db: Kysely<unknown>): Promise<void> {}
