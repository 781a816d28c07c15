import { createRoute, z } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import { errors, json, jsonBody } from '#platform/http/contract.ts';
import type { GenerationDeps } from './deps.ts';
import * as contract from './try-contract.ts';
import { changeTryOut, createTryOut, readTryOut } from './try-out.ts';

const tags = ['Studio'];
const binary = z.string().openapi({ format: 'binary' });

/** The studio for whoever passes by, over HTTP. */
export function tryRoutes(deps: Pick<GenerationDeps, 'database' | 'backends' | 'imaging' | 'blobs'>) {
  const paint = createTryOut(deps);
  return createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/generation/try',
        tags,
        summary: 'Whether visitors may try the studio',
        responses: { 200: json(contract.TryOut, 'Whether, and what they may ask for') },
      }),
      async (c) => c.json(await readTryOut(deps, c.var.caller), 200),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/generation/try',
        tags,
        summary: 'Let visitors try the studio, or no more',
        request: jsonBody(contract.TryOutChange),
        responses: { 200: json(contract.TryOut, 'Changed'), ...errors(400, 401, 403, 409) },
      }),
      async (c) => c.json(await changeTryOut(deps, c.var.caller, c.req.valid('json').allowed, c.var.address.ip), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/generation/try',
        tags,
        summary: 'Have one picture painted without an account',
        description:
          'By the painter, which follows rules and is no trained model. The picture is answered and kept nowhere; its XMP tells its prompt, its seed and that an algorithm made it. Pictures of members are painted first.',
        request: jsonBody(contract.TriedPicture),
        responses: {
          200: {
            description: 'The picture',
            headers: z.object({ 'tintype-seed': z.string().openapi({ description: 'What it was painted from' }) }),
            content: { 'image/jpeg': { schema: binary } },
          },
          ...errors(400, 403, 429, 503, 507),
        },
      }),
      async (c) => {
        const { bytes, seed } = await paint(c.var.caller, c.req.valid('json'), c.var.address, c.req.raw.signal);
        return c.body(bytes, 200, { 'content-type': 'image/jpeg', 'tintype-seed': String(seed) });
      },
    );
}
