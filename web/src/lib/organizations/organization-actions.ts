import { api, messageOf } from '#lib/api.ts';
import type { Organization, OrganizationMember } from '#lib/api-schema.ts';
import { confirm } from '#lib/confirm.svelte.ts';
import { toast } from '#lib/toast.svelte.ts';
import { deletionWords } from './organization-words.ts';
import { ownOrganizations } from './own-organizations.svelte.ts';

/** Does it and says so, or says in the server's words why not. @returns whether it is done */
async function attempt(run: () => Promise<unknown>, said: string): Promise<boolean> {
  try {
    await run();
    toast(said);
  } catch (error) {
    toast(messageOf(error), { tone: 'error' });
    return false;
  }
  return true;
}

/** Deletes it, once the person is sure. @param invited how many are asked to join, where it is known */
export async function deleteOrganization(organization: Organization, invited = 0): Promise<boolean> {
  const { id, name } = organization;
  const isSure = await confirm({
    title: `Delete “${name}”?`,
    body: deletionWords(organization, invited),
    confirm: 'Delete the organization',
    cancel: 'Keep it',
    danger: true,
  });
  if (!isSure) return false;
  const isDone = await attempt(() => api.delete('/organizations/:id', { param: { id } }), `“${name}” is deleted`);
  if (isDone) await ownOrganizations.load();
  return isDone;
}

export async function leaveOrganization({ id, name, visibility }: Organization, userId: string): Promise<boolean> {
  const isSure = await confirm({
    title: `Leave “${name}”?`,
    body: `You no longer see who belongs to it${visibility === 'members' ? ', nor the organization itself' : ''}. To come back, somebody has to invite you.`,
    confirm: 'Leave the organization',
    cancel: 'Stay',
    danger: true,
  });
  if (!isSure) return false;
  const param = { id, user_id: userId };
  const isDone = await attempt(
    () => api.delete('/organizations/:id/members/:user_id', { param }),
    `You left “${name}”`,
  );
  if (isDone) await ownOrganizations.load();
  return isDone;
}

export async function removeMember(id: string, { user }: OrganizationMember, name: string): Promise<boolean> {
  const isSure = await confirm({
    title: `Take ${name} out of the organization?`,
    body: 'They no longer belong to it. What is theirs stays theirs, and you can invite them again.',
    confirm: 'Take out',
    cancel: 'Let them stay',
    danger: true,
  });
  if (!isSure) return false;
  const param = { id, user_id: user.id };
  return attempt(
    () => api.delete('/organizations/:id/members/:user_id', { param }),
    `${name} is out of the organization`,
  );
}

export const setRole = (id: string, { user }: OrganizationMember, name: string, role: OrganizationMember['role']) =>
  attempt(
    () => api.patch('/organizations/:id/members/:user_id', { param: { id, user_id: user.id }, json: { role } }),
    role === 'admin' ? `${name} administers it now` : `${name} is a plain member now`,
  );

export const withdrawInvitation = (id: string, user: OrganizationMember['user'], name: string) =>
  attempt(
    () => api.delete('/organizations/:id/invitations/:user_id', { param: { id, user_id: user.id } }),
    `The invitation of ${name} is withdrawn`,
  );
