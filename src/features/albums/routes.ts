import { createRoute, z } from '@hono/zod-openapi';
import { Download } from '#features/photos/index.ts';
import { createRouter } from '#platform/http/api.ts';
import { errors, id, json, jsonBody, page } from '#platform/http/contract.ts';
import { addPhotos, movePhotos, takeOutPhotos } from './arrange-photos.ts';
import { listAlbumPhotos, listAlbums, readAlbum, readAlbumLayout } from './browse-albums.ts';
import { changeAlbum, createAlbum, deleteAlbum, freezeAlbum, pinAlbum } from './change-album.ts';
import * as contract from './contract.ts';
import type { AlbumDeps } from './deps.ts';
import { downloadAlbum } from './download-album.ts';
import { addMember, changeMember, listMembers, removeMember } from './manage-members.ts';

const noContent = { 204: { description: 'Done' } };
const byId = { params: z.object({ id }) };
const byMember = { params: z.object({ id, user_id: id }) };
const tags = ['Albums'];

/** Albums over HTTP. */
export function albumRoutes(deps: AlbumDeps) {
  return (
    createRouter()
      .openapi(
        createRoute({
          method: 'get',
          path: '/albums',
          tags,
          summary: 'My albums, and those I belong to',
          request: { query: contract.AlbumQuery },
          responses: { 200: json(contract.AlbumList, 'Last changed first'), ...errors(400, 401, 403) },
        }),
        async (c) => c.json(await listAlbums(deps, c.var.caller, c.req.valid('query')), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/albums',
          tags,
          summary: 'Make an album',
          request: jsonBody(contract.NewAlbum),
          responses: { 201: json(contract.Album, 'Made'), ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => c.json(await createAlbum(deps, c.var.caller, c.req.valid('json')), 201),
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/albums/{id}',
          tags,
          summary: 'One album',
          request: byId,
          responses: { 200: json(contract.Album, 'The album'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await readAlbum(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'patch',
          path: '/albums/{id}',
          tags,
          summary: 'Change name, description, cover or filter',
          request: { ...byId, ...jsonBody(contract.AlbumChange) },
          responses: { 200: json(contract.Album, 'Changed'), ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => c.json(await changeAlbum(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json')), 200),
      )
      .openapi(
        createRoute({
          method: 'delete',
          path: '/albums/{id}',
          tags,
          summary: 'Delete an album; its photos stay',
          request: byId,
          responses: { ...noContent, ...errors(401, 403, 404) },
        }),
        async (c) => {
          await deleteAlbum(deps, c.var.caller, c.req.valid('param').id, c.var.address.ip);
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/albums/{id}/photos',
          tags,
          summary: 'The photos of an album, in its order',
          request: { ...byId, query: z.strictObject(page) },
          responses: { 200: json(contract.AlbumPhotoList, 'A page'), ...errors(400, 401, 403, 404) },
        }),
        async (c) =>
          c.json(await listAlbumPhotos(deps, c.var.caller, c.req.valid('param').id, c.req.valid('query')), 200),
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/albums/{id}/layout',
          tags,
          summary: 'A whole album, in columns',
          request: byId,
          responses: { 200: json(contract.AlbumLayout, 'All of it, in its order'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await readAlbumLayout(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/albums/{id}/photos',
          tags,
          summary: 'Put photos into an album, by id or by a filter',
          request: { ...byId, ...jsonBody(contract.PhotosToAdd) },
          responses: { ...noContent, ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => {
          await addPhotos(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json'));
          return c.body(null, 204);
        },
      )
      // The draft of photo-gallery's specification names this address beside the one above.
      .openapi(
        createRoute({
          method: 'post',
          path: '/albums/{id}/photos/batch',
          tags,
          summary: 'Put photos into an album, by id',
          request: { ...byId, ...jsonBody(contract.PhotosById) },
          responses: { ...noContent, ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => {
          await addPhotos(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json'));
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'delete',
          path: '/albums/{id}/photos',
          tags,
          summary: 'Take photos out of an album; they stay in the library',
          request: { ...byId, ...jsonBody(contract.PhotosById) },
          responses: { ...noContent, ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => {
          await takeOutPhotos(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json').photo_ids);
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/albums/{id}/photos/move',
          tags,
          summary: 'Move photos within an album',
          request: { ...byId, ...jsonBody(contract.Move) },
          responses: { ...noContent, ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => {
          await movePhotos(deps, c.var.caller, c.req.valid('param').id, c.req.valid('json'));
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/albums/{id}/download',
          tags,
          summary: 'A zip of an album',
          request: byId,
          responses: { 201: json(Download, 'Where it is streamed from'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await downloadAlbum(deps, c.var.caller, c.req.valid('param').id), 201),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/albums/{id}/freeze',
          tags,
          summary: 'Make a smart album a plain one, with what it finds now',
          request: byId,
          responses: { 200: json(contract.Album, 'Plain'), ...errors(401, 403, 404, 409) },
        }),
        async (c) => c.json(await freezeAlbum(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'put',
          path: '/albums/{id}/pin',
          tags,
          summary: 'Keep an album at hand',
          request: byId,
          responses: { ...noContent, ...errors(401, 403, 404) },
        }),
        async (c) => {
          await pinAlbum(deps, c.var.caller, c.req.valid('param').id, true);
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'delete',
          path: '/albums/{id}/pin',
          tags,
          summary: 'Keep an album at hand no longer',
          request: byId,
          responses: { ...noContent, ...errors(401, 403, 404) },
        }),
        async (c) => {
          await pinAlbum(deps, c.var.caller, c.req.valid('param').id, false);
          return c.body(null, 204);
        },
      )
      .openapi(
        createRoute({
          method: 'get',
          path: '/albums/{id}/members',
          tags,
          summary: 'Who belongs to an album',
          request: byId,
          responses: { 200: json(contract.MemberList, 'The owner first'), ...errors(401, 403, 404) },
        }),
        async (c) => c.json(await listMembers(deps, c.var.caller, c.req.valid('param').id), 200),
      )
      .openapi(
        createRoute({
          method: 'post',
          path: '/albums/{id}/members',
          tags,
          summary: 'Let somebody into an album',
          request: { ...byId, ...jsonBody(contract.NewMember) },
          responses: { 201: json(contract.Member, 'They are in'), ...errors(400, 401, 403, 404, 409) },
        }),
        async (c) => {
          const { caller, address } = c.var;
          return c.json(await addMember(deps, caller, c.req.valid('param').id, c.req.valid('json'), address.ip), 201);
        },
      )
      .openapi(
        createRoute({
          method: 'patch',
          path: '/albums/{id}/members/{user_id}',
          tags,
          summary: 'Change what a member may do',
          request: { ...byMember, ...jsonBody(contract.RoleChange) },
          responses: { 200: json(contract.Member, 'Changed'), ...errors(400, 401, 403, 404) },
        }),
        async (c) => {
          const { id: albumId, user_id: userId } = c.req.valid('param');
          const { role } = c.req.valid('json');
          return c.json(await changeMember(deps, c.var.caller, albumId, userId, role, c.var.address.ip), 200);
        },
      )
      .openapi(
        createRoute({
          method: 'delete',
          path: '/albums/{id}/members/{user_id}',
          tags,
          summary: 'Take somebody out of an album, or leave it; what they added goes with them',
          request: byMember,
          responses: { ...noContent, ...errors(401, 403, 404, 409) },
        }),
        async (c) => {
          const { id: albumId, user_id: userId } = c.req.valid('param');
          await removeMember(deps, c.var.caller, albumId, userId, c.var.address.ip);
          return c.body(null, 204);
        },
      )
  );
}
