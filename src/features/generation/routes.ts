import { createRoute, z } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import { errors, id, json, jsonBody } from '#platform/http/contract.ts';
import { changeMode, createBackendStatus, startPod, stopPod } from './administer-backend.ts';
import * as backendContract from './backend-contract.ts';
import { createModelRefresh, listModels, markFavorite, readModel } from './browse-models.ts';
import { changeSettings, readSettings } from './change-settings.ts';
import type { GenerationDeps } from './deps.ts';
import * as templates from './manage-templates.ts';
import * as modelContract from './model-contract.ts';
import { sessionRoutes } from './session-routes.ts';
import { Settings, SettingsChange } from './settings-contract.ts';
import * as templateContract from './template-contract.ts';
import { tryRoutes } from './try-routes.ts';

const tags = ['Studio'];
const noContent = { 204: { description: 'Done' } };
const byId = { params: z.object({ id }) };
const byKey = { params: z.object({ key: z.string().min(1).max(200) }) };

type Deps = Pick<
  GenerationDeps,
  | 'database'
  | 'signedUrls'
  | 'jobs'
  | 'backends'
  | 'localUrl'
  | 'maxBatch'
  | 'maxAttempts'
  | 'logger'
  | 'imaging'
  | 'blobs'
>;

/** The studio over HTTP. */
export function generationRoutes(deps: Deps) {
  const refreshModels = createModelRefresh(deps);
  const readStatus = createBackendStatus(deps);
  return createRouter()
    .route('/', sessionRoutes(deps))
    .route('/', tryRoutes(deps))
    .openapi(
      createRoute({
        method: 'get',
        path: '/models',
        tags,
        summary: 'What pictures can be made with',
        responses: { 200: json(modelContract.ModelList, 'My favourites first'), ...errors(401, 403) },
      }),
      async (c) => c.json(await listModels(deps, c.var.caller), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/models/refresh',
        tags,
        summary: 'Look which models there are',
        responses: { 200: json(modelContract.Refreshed, 'Looked'), ...errors(401, 403, 502) },
      }),
      async (c) => c.json(await refreshModels(c.var.caller), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/models/{key}',
        tags,
        summary: 'One model',
        request: byKey,
        responses: { 200: json(modelContract.Model, 'The model'), ...errors(401, 403, 404) },
      }),
      async (c) => c.json(await readModel(deps, c.var.caller, c.req.valid('param').key), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/models/{key}/favorite',
        tags,
        summary: 'Put a model first in my list, or no more',
        request: { ...byKey, ...jsonBody(modelContract.Favorite) },
        responses: { 200: json(modelContract.Favored, 'Marked'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => {
        const { is_favorite: isFavorite } = c.req.valid('json');
        return c.json(await markFavorite(deps, c.var.caller, c.req.valid('param').key, isFavorite), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/backend/status',
        tags,
        summary: 'What makes pictures here, and whether it answers',
        responses: { 200: json(backendContract.BackendStatus, 'The state'), ...errors(401, 403) },
      }),
      async (c) => c.json(await readStatus(c.var.caller), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/backend/mode',
        tags,
        summary: 'Have pictures made by the InvokeAI at hand, or on a rented machine',
        request: jsonBody(backendContract.ModeChange),
        responses: { 200: json(backendContract.ModeChanged, 'Switched'), ...errors(400, 401, 403, 409) },
      }),
      async (c) => c.json(await changeMode(deps, c.var.caller, c.req.valid('json').mode, c.var.address.ip), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/backend/pod/start',
        tags,
        summary: 'Rent the machine, or start it again',
        responses: { 200: json(backendContract.PodStarted, 'It is on its way'), ...errors(401, 403, 409, 502) },
      }),
      async (c) => c.json(await startPod(deps, c.var.caller, c.var.address.ip), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/backend/pod/stop',
        tags,
        summary: 'Stop the rented machine',
        responses: { 200: json(backendContract.PodStopped, 'It is stopped'), ...errors(401, 403, 409, 502) },
      }),
      async (c) => c.json(await stopPod(deps, c.var.caller, c.var.address.ip), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/settings',
        tags,
        summary: 'What my steps begin with, and what holds for everybody',
        responses: { 200: json(Settings, 'Settings'), ...errors(401, 403) },
      }),
      async (c) => c.json(await readSettings(deps, c.var.caller), 200),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/settings',
        tags,
        summary: 'Change what my steps begin with, and for administrators the mode',
        request: jsonBody(SettingsChange),
        responses: { 200: json(Settings, 'Changed'), ...errors(400, 401, 403, 409) },
      }),
      async (c) => c.json(await changeSettings(deps, c.var.caller, c.req.valid('json'), c.var.address.ip), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/templates',
        tags,
        summary: 'My prompt templates, favourites first',
        request: { query: templateContract.TemplateQuery },
        responses: { 200: json(templateContract.TemplateList, 'Templates'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await templates.listTemplates(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/templates',
        tags,
        summary: 'Keep a prompt as a template',
        request: jsonBody(templateContract.NewTemplate),
        responses: { 201: json(templateContract.Template, 'Kept'), ...errors(400, 401, 403, 409) },
      }),
      async (c) => c.json(await templates.createTemplate(deps, c.var.caller, c.req.valid('json')), 201),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/templates/{id}',
        tags,
        summary: 'Change a template',
        request: { ...byId, ...jsonBody(templateContract.TemplateChange) },
        responses: { 200: json(templateContract.Template, 'Changed'), ...errors(400, 401, 403, 404) },
      }),
      async (c) =>
        c.json(await templates.changeTemplate(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json')), 200),
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/templates/{id}',
        tags,
        summary: 'Delete a template',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await templates.deleteTemplate(deps, c.var.caller, c.req.valid('param').id);
        return c.body(null, 204);
      },
    );
}
