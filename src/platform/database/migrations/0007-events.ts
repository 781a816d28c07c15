import type { Kysely } from 'kysely';

export async function events(_db: Kysely<unknown>): Promise<void> {}
