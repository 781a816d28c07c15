import type { Kysely } from 'kysely';

export async function albums(_db: Kysely<unknown>): Promise<void> {}
