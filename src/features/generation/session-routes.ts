import { createRoute, z } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import type { Caller } from '#platform/http/caller.ts';
import { errors, id, json, jsonBody } from '#platform/http/contract.ts';
import * as steps from './browse-steps.ts';
import { cancelImage, cancelStep } from './cancel-pictures.ts';
import { chooseImage } from './choose-image.ts';
import * as contract from './contract.ts';
import type { GenerationDeps } from './deps.ts';
import { listImages } from './list-images.ts';
import * as sessions from './manage-sessions.ts';
import { requestStep } from './request-step.ts';
import { retryImage, retryImages, retryStep } from './retry-retrieval.ts';

const tags = ['Studio'];
const noContent = { 204: { description: 'Done' } };
const byId = { params: z.object({ id }) };

type Deps = Pick<GenerationDeps, 'database' | 'signedUrls' | 'jobs' | 'backends' | 'maxBatch'>;

/** Sessions of the studio, their steps and the pictures of these, over HTTP. */
export function sessionRoutes(deps: Deps) {
  return (
    createRouter()
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/sessions',
          tags,
          summary: 'My sessions, those I worked in last first',
          request: { query: contract.SessionQuery },
          responses: { 200: json(contract.SessionList, 'Sessions'), ...errors(400, 401, 403) },
        }),
        async (c) => c.json(await sessions.listSessions(deps, c.var.caller, c.req.valid('query')), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/generation/sessions',
          tags,
          summary: 'Begin a session, from scratch or from a photo',
          request: jsonBody(contract.NewSession),
          responses: { 201: json(contract.Session, 'Begun'), ...errors(400, 401, 403, 404) },
        }),
        async (c) => c.json(await sessions.beginSession(deps, c.var.caller, c.req.valid('json')), 201),
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/sessions/{id}',
          tags,
          summary: 'One session',
          request: byId,
          responses: { 200: json(contract.Session, 'The session'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await sessions.readSession(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'patch',
          path: '/generation/sessions/{id}',
          tags,
          summary: 'Complete or abandon a session, or take it up again',
          request: { ...byId, ...jsonBody(contract.SessionChange) },
          responses: { 200: json(contract.Session, 'Changed'), ...errors(400, 401, 403, 404) },
        }),
        async (c) =>
          c.json(await sessions.changeSession(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json')), 200),
      )
      .openapi(
        createRoute({
          method: 'delete',
          path: '/generation/sessions/{id}',
          tags,
          summary: 'Delete a session; its pictures stay in the gallery',
          request: byId,
          responses: { ...noContent, ...errors(401, 403, 404) },
        }),
        async (c) => {
          await sessions.deleteSession(deps, c.var.caller, c.req.valid('param').id);
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/sessions/{id}/steps',
          tags,
          summary: 'The steps of a session, in their order',
          request: byId,
          responses: { 200: json(contract.StepList, 'Steps'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await steps.listSteps(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/generation/sessions/{id}/steps',
          tags,
          summary: 'Ask for pictures',
          request: { ...byId, ...jsonBody(contract.NewStep) },
          responses: {
            201: json(contract.Step, 'Asked for; they are made in turn'),
            ...errors(400, 401, 403, 404, 409, 429, 502),
          },
        }),
        async (c) => c.json(await requestStep(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json')), 201),
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/steps/{id}',
          tags,
          summary: 'One step',
          request: byId,
          responses: { 200: json(contract.Step, 'The step'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await steps.readStep(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'patch',
          path: '/generation/steps/{id}',
          tags,
          summary: 'Choose the picture that the next step goes on from',
          request: { ...byId, ...jsonBody(contract.StepChange) },
          responses: { 200: json(contract.Selected, 'Chosen'), ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => {
          const { selected_image_id: image } = c.req.valid('json');
          const { id: step, status } = await chooseImage(deps, c.var.caller, c.req.valid('param').id, image);
          return c.json({ id: step, selected_image_id: image, status }, 200);
        },
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/steps/{id}/status',
          tags,
          summary: 'How far a step is',
          request: byId,
          responses: { 200: json(contract.StepState, 'Its state'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await steps.readStepState(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/steps/{id}/alternatives',
          tags,
          summary: 'The pictures of a step, also those that are to come',
          request: byId,
          responses: { 200: json(contract.AlternativeList, 'Pictures'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await steps.listAlternatives(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/generation/steps/{id}/alternatives/select',
          tags,
          summary: 'Choose the picture that the next step goes on from',
          request: { ...byId, ...jsonBody(contract.Selection) },
          responses: { 200: json(contract.Selecting, 'Chosen'), ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => c.json(await selectImage(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json')), 200),
      )
      // Where photo-gallery's clients look for it.
      .openapi(
        createRoute({
          method: 'post',
          path: '/generation/steps/{id}/select',
          tags,
          summary: 'Choose the picture that the next step goes on from: the same by a shorter address',
          request: { ...byId, ...jsonBody(contract.Selection) },
          responses: { 200: json(contract.Selecting, 'Chosen'), ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => c.json(await selectImage(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json')), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/generation/steps/{id}/cancel',
          tags,
          summary: 'Have the pictures of a step not be made that are not there yet',
          request: byId,
          responses: { 200: json(contract.Step, 'Cancelled'), ...errors(401, 403, 404, 409) },
        }),
        async (c) => c.json(await cancelStep(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/generation/steps/{id}/retry-retrievals',
          tags,
          summary: 'Fetch the pictures of a step once more that were made and did not come',
          request: byId,
          responses: { 200: json(contract.StepRetry, 'How many'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await retryStep(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/images',
          tags,
          summary: 'Pictures that were made last, by batch or by correlation',
          request: { query: contract.ImageQuery },
          responses: { 200: json(contract.ImageList, 'Those in the gallery, newest first'), ...errors(400, 401, 403) },
        }),
        async (c) => c.json(await listImages(deps, c.var.caller, c.req.valid('query')), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/generation/images/{id}/cancel',
          tags,
          summary: 'Have one picture not be made',
          request: byId,
          responses: { ...noContent, ...errors(401, 403, 404, 409) },
        }),
        async (c) => {
          await cancelImage(deps, c.var.caller, c.req.valid('param').id);
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/generation/images/{id}/preview',
          tags,
          summary: 'How a picture looks by now, that is being made',
          request: { ...byId, query: z.object({ at: z.string().optional() }) },
          responses: {
            200: {
              description: 'A small picture',
              content: { 'image/*': { schema: { type: 'string', format: 'binary' } } },
            },
            ...errors(401, 403, 404),
          },
        }),
        async (c) => {
          const bytes = await steps.readPreview(deps, c.var.caller, c.req.valid('param').id);
          // The address names the moment, so what is under it does not change.
          c.header('cache-control', 'private, max-age=60');
          c.header('content-type', mediaTypeOf(bytes));
          c.header('content-security-policy', "default-src 'none'; sandbox");
          return c.body(new Uint8Array(bytes));
        },
      )
      // Before the one below, which would take `batch` for an id.
      .openapi(
        createRoute({
          method: 'post',
          path: '/photos/batch/retry',
          tags,
          summary: 'Fetch many pictures once more',
          request: jsonBody(contract.Ids),
          responses: { 200: json(contract.BatchRetry, 'Which of them'), ...errors(400, 401, 403, 404) },
        }),
        async (c) => c.json(await retryImages(deps, c.var.caller, c.req.valid('json').ids), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/photos/{id}/retry',
          tags,
          summary: 'Fetch one picture once more that was made and did not come',
          request: byId,
          responses: { 200: json(contract.PhotoRetry, 'It is tried again'), ...errors(401, 403, 404, 409) },
        }),
        async (c) => c.json(await retryImage(deps, c.var.caller, c.req.valid('param').id), 200),
      )
  );
}

async function selectImage(deps: Deps, caller: Caller, stepId: string, { image_id: image }: { image_id: string }) {
  const { id, created_at: at } = await chooseImage(deps, caller, stepId, image);
  return { step_id: id, image_id: image, selected: true as const, created_at: at.toISOString() };
}

/** Backends send previews as one of three; anything else was not kept. */
function mediaTypeOf(bytes: Buffer): string {
  if (bytes[0] === 0xff) return 'image/jpeg';
  return bytes[0] === 0x89 ? 'image/png' : 'image/webp';
}
