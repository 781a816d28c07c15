import { createRoute } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import { errors, json, jsonBody } from '#platform/http/contract.ts';
import { deleteTag, listTags, renameTag, tagPhotos } from './change-tags.ts';
import { Changed, TagSelection } from './contract.ts';
import type { PhotoDeps } from './deps.ts';
import * as contract from './finding-contract.ts';
import { readStatistics } from './read-statistics.ts';
import { suggestSearches } from './suggest-searches.ts';

/** Tags, what a search may be meant to say, and what a library holds. */
export function findingRoutes(deps: Pick<PhotoDeps, 'database'>) {
  return createRouter()
    .openapi(
      createRoute({
        method: 'post',
        path: '/photos/batch/tag',
        tags: ['Finding'],
        summary: 'Put tags on many photos, and take others off',
        request: jsonBody(TagSelection),
        responses: { 200: json(Changed, 'How many changed'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => {
        const { add, remove, ...selection } = c.req.valid('json');
        return c.json(await tagPhotos(deps, c.var.caller, selection, { add, remove }), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/tags',
        tags: ['Finding'],
        summary: 'My tags, most used first',
        request: { query: contract.TagsQuery },
        responses: { 200: json(contract.TagList, 'Tags, and how many photos have each'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listTags(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/tags/rename',
        tags: ['Finding'],
        summary: 'Write a tag anew on all photos, or merge it into another',
        request: jsonBody(contract.TagRename),
        responses: { 200: json(Changed, 'How many photos had it'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await renameTag(deps, c.var.caller, c.req.valid('json')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/tags/delete',
        tags: ['Finding'],
        summary: 'Take a tag off all photos',
        request: jsonBody(contract.TagDelete),
        responses: { 200: json(Changed, 'How many photos had it'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await deleteTag(deps, c.var.caller, c.req.valid('json').tag), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/search/suggestions',
        tags: ['Finding'],
        summary: 'What a text may stand for, while it is typed',
        request: { query: contract.SuggestionsQuery },
        responses: { 200: json(contract.Suggestions, 'Of my own, each with what it finds'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await suggestSearches(deps, c.var.caller, c.req.valid('query').q), 200),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/statistics',
        tags: ['Finding'],
        summary: 'What my library holds',
        responses: { 200: json(contract.Statistics, 'Counts and bytes'), ...errors(401, 403) },
      }),
      async (c) => c.json(await readStatistics(deps, c.var.caller), 200),
    );
}
