import { z } from '@hono/zod-openapi';
import { id } from '#platform/http/contract.ts';

export const changeKinds = [
  'photos',
  'albums',
  'links',
  'account',
  'uploads',
  'organizations',
  'sessions',
  'generation',
] as const;
export const changeWays = ['added', 'changed', 'removed'] as const;

/** What `event: change` carries. */
export const Change = z
  .strictObject({
    kind: z.enum(changeKinds),
    ids: z.array(id).nullable().openapi({ description: 'Null where they are many: read anew what is shown.' }),
    what: z.enum(changeWays).openapi({ description: 'Into the trash counts as removed, out of it as added.' }),
  })
  .openapi('Change');

export type Change = z.infer<typeof Change>;
