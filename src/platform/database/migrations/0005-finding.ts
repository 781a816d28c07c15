import type { Kysely } from 'kysely';

export async function finding(_db: Kysely<unknown>): Promise<void> {}
