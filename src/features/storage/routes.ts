import { createRoute } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import { errors, json, jsonBody } from '#platform/http/contract.ts';
import { pauseMigration, readStorage, type StorageDeps, startCheck, startMigration } from './administer-storage.ts';
import { StartCheck, StartMigration, StorageQuery, StorageStatus } from './contract.ts';

const tags = ['Administration'];

/** Where the bytes of the library are, for whoever administers it. */
export function storageRoutes(deps: StorageDeps) {
  return createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/admin/storage',
        tags,
        summary: 'Where the bytes are, whether they can be written and read, and how far a move is',
        description: 'Writes, reads and deletes 64 KiB to tell whether that works, and how long it takes.',
        request: { query: StorageQuery },
        responses: { 200: json(StorageStatus, 'As it is now'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await readStorage(deps, c.var.caller, { probe: c.req.valid('query').probe === 'true' }), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/admin/storage/migration',
        tags,
        summary: 'Move the library to another storage, or go on with that',
        description: 'Everybody can go on using the library meanwhile. To go back, move it where it came from.',
        request: jsonBody(StartMigration),
        responses: { 202: { description: 'A server takes it up' }, ...errors(400, 401, 403, 409) },
      }),
      async (c) => {
        await startMigration(deps, c.var.caller, c.req.valid('json'), c.var.address.ip);
        return c.body(null, 202);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/admin/storage/migration',
        tags,
        summary: 'Pause a move',
        responses: { 204: { description: 'It stops after the file at hand' }, ...errors(401, 403, 409) },
      }),
      async (c) => {
        await pauseMigration(deps, c.var.caller, c.var.address.ip);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/admin/storage/check',
        tags,
        summary: 'Hold the stored files against the library',
        request: jsonBody(StartCheck),
        responses: { 202: { description: 'A server takes it up' }, ...errors(400, 401, 403, 409) },
      }),
      async (c) => {
        await startCheck(deps, c.var.caller, c.req.valid('json'));
        return c.body(null, 202);
      },
    );
}
