import type { z } from '@hono/zod-openapi';
import { requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import { styleIds } from '#platform/imaging/index.ts';
import { catalogue, type StyleList } from './contract.ts';

/** The styles there are. @throws AppError `unauthorized`, `forbidden` */
export function listStyles(caller: Caller): z.infer<typeof StyleList> {
  requireAllowed(caller, 'style.list');
  return {
    items: styleIds.map((id) => {
      const { strength, ...shown } = catalogue[id];
      return { id, ...shown, default_strength: strength };
    }),
  };
}
