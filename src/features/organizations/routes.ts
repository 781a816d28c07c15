import { createRoute, z } from '@hono/zod-openapi';
import { createRouter } from '#platform/http/api.ts';
import { errors, id, json, jsonBody, page } from '#platform/http/contract.ts';
import { listMembers, listOrganizations, readOrganization } from './browse-organizations.ts';
import { changeOrganization, createOrganization, deleteOrganization } from './change-organization.ts';
import * as contract from './contract.ts';
import type { OrganizationDeps } from './deps.ts';
import * as invitations from './manage-invitations.ts';
import { changeMember, removeMember } from './manage-members.ts';

const tags = ['Organizations'];
const noContent = { 204: { description: 'Done' } };
const byId = { params: z.object({ id }) };
const byMember = { params: z.object({ id, user_id: id }) };
const paged = { query: z.strictObject(page) };

/** Organizations over HTTP. */
export function organizationRoutes(deps: OrganizationDeps) {
  return createRouter()
    .openapi(
      createRoute({
        method: 'get',
        path: '/organizations',
        tags,
        summary: 'The organizations I belong to, and those everyone may see',
        request: { query: contract.OrganizationQuery },
        responses: { 200: json(contract.OrganizationList, 'My own first, by name'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await listOrganizations(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/organizations',
        tags,
        summary: 'Make an organization',
        request: jsonBody(contract.NewOrganization),
        responses: { 201: json(contract.Organization, 'Made; you administer it'), ...errors(400, 401, 403, 409) },
      }),
      async (c) => c.json(await createOrganization(deps, c.var.caller, c.req.valid('json'), c.var.address.ip), 201),
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/organizations/{id}',
        tags,
        summary: 'One organization',
        request: byId,
        responses: { 200: json(contract.Organization, 'The organization'), ...errors(401, 403, 404) },
      }),
      async (c) => c.json(await readOrganization(deps, c.var.caller, c.req.valid('param').id), 200),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/organizations/{id}',
        tags,
        summary: 'Change name, description or who may see it',
        request: { ...byId, ...jsonBody(contract.OrganizationChange) },
        responses: { 200: json(contract.Organization, 'Changed'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => {
        const { caller, address } = c.var;
        const change = c.req.valid('json');
        return c.json(await changeOrganization(deps, caller, c.req.valid('param').id, change, address.ip), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/organizations/{id}',
        tags,
        summary: 'Delete an organization; its members keep what is theirs',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await deleteOrganization(deps, c.var.caller, c.req.valid('param').id, c.var.address.ip);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/organizations/{id}/members',
        tags,
        summary: 'Who belongs to an organization',
        request: { ...byId, ...paged },
        responses: { 200: json(contract.MemberList, 'Its administrators first'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => c.json(await listMembers(deps, c.var.caller, c.req.valid('param').id, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'patch',
        path: '/organizations/{id}/members/{user_id}',
        tags,
        summary: 'Make a member an administrator, or an administrator a member',
        request: { ...byMember, ...jsonBody(contract.RoleChange) },
        responses: { 200: json(contract.Member, 'Changed'), ...errors(400, 401, 403, 404, 409) },
      }),
      async (c) => {
        const { id: organizationId, user_id: userId } = c.req.valid('param');
        const { role } = c.req.valid('json');
        return c.json(await changeMember(deps, c.var.caller, organizationId, userId, role, c.var.address.ip), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/organizations/{id}/members/{user_id}',
        tags,
        summary: 'Take somebody out of an organization, or leave it',
        request: byMember,
        responses: { ...noContent, ...errors(401, 403, 404, 409) },
      }),
      async (c) => {
        const { id: organizationId, user_id: userId } = c.req.valid('param');
        await removeMember(deps, c.var.caller, organizationId, userId, c.var.address.ip);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/organizations/{id}/invitations',
        tags,
        summary: 'Who is asked to join and has not answered',
        request: { ...byId, ...paged },
        responses: { 200: json(contract.SentInvitationList, 'Newest first'), ...errors(400, 401, 403, 404) },
      }),
      async (c) => {
        const { id: organizationId } = c.req.valid('param');
        const request = c.req.valid('query');
        return c.json(await invitations.listSentInvitations(deps, c.var.caller, organizationId, request), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/organizations/{id}/invitations',
        tags,
        summary: 'Ask somebody to join, by username',
        request: { ...byId, ...jsonBody(contract.NewInvitation) },
        responses: { 201: json(contract.SentInvitation, 'They are asked'), ...errors(400, 401, 403, 404, 409) },
      }),
      async (c) => {
        const { caller, address } = c.var;
        const asked = c.req.valid('json');
        return c.json(await invitations.invite(deps, caller, c.req.valid('param').id, asked, address.ip), 201);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/organizations/{id}/invitations/{user_id}',
        tags,
        summary: 'Take an invitation back',
        request: byMember,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        const { id: organizationId, user_id: userId } = c.req.valid('param');
        await invitations.withdrawInvitation(deps, c.var.caller, organizationId, userId, c.var.address.ip);
        return c.body(null, 204);
      },
    )
    .openapi(
      createRoute({
        method: 'get',
        path: '/me/invitations',
        tags,
        summary: 'The organizations I am asked to join',
        request: paged,
        responses: { 200: json(contract.OwnInvitationList, 'Newest first'), ...errors(400, 401, 403) },
      }),
      async (c) => c.json(await invitations.listOwnInvitations(deps, c.var.caller, c.req.valid('query')), 200),
    )
    .openapi(
      createRoute({
        method: 'post',
        path: '/me/invitations/{id}/accept',
        tags,
        summary: 'Join the organization of this id',
        request: byId,
        responses: { 200: json(contract.Organization, 'You belong to it'), ...errors(401, 403, 404) },
      }),
      async (c) => {
        const { caller, address } = c.var;
        return c.json(await invitations.acceptInvitation(deps, caller, c.req.valid('param').id, address.ip), 200);
      },
    )
    .openapi(
      createRoute({
        method: 'delete',
        path: '/me/invitations/{id}',
        tags,
        summary: 'Do not join the organization of this id',
        request: byId,
        responses: { ...noContent, ...errors(401, 403, 404) },
      }),
      async (c) => {
        await invitations.declineInvitation(deps, c.var.caller, c.req.valid('param').id, c.var.address.ip);
        return c.body(null, 204);
      },
    );
}
