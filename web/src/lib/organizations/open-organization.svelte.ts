import { ApiError, api, messageOf } from '#lib/api.ts';
import type { Organization } from '#lib/api-schema.ts';
import { createGrowingList } from '#lib/growing-list.svelte.ts';
import { ownOrganizations } from './own-organizations.svelte.ts';

export type OpenOrganization = ReturnType<typeof openOrganization>;

/** An organization as its page shows it: what it is, who belongs to it, and who is asked to. */
export function openOrganization(id: string) {
  let organization = $state.raw<Organization | null>(null);
  let problem = $state('');
  let isAbsent = $state(false);
  const part = (offset: number, limit: number) => ({
    param: { id },
    query: { offset: `${offset}`, limit: `${limit}` },
  });
  const members = createGrowingList(
    (offset, limit) => api.get('/organizations/:id/members', part(offset, limit)),
    ({ user }) => user.id,
  );
  const invitations = createGrowingList(
    (offset, limit) => api.get('/organizations/:id/invitations', part(offset, limit)),
    ({ user }) => user.id,
  );

  function show(next: Organization): void {
    organization = next;
    ownOrganizations.put(next);
  }

  return {
    id,
    members,
    invitations,
    get organization() {
      return organization;
    },
    get problem() {
      return problem;
    },
    /** True when there is none for this person: deleted, never there, or hidden from them. */
    get isAbsent() {
      return isAbsent;
    },
    /** Who belongs to it is told to its members, and to administrators of the library. */
    get isMet() {
      return organization !== null && (organization.role !== null || organization.may_administer);
    },
    async load(): Promise<void> {
      try {
        show(await api.get('/organizations/:id', { param: { id } }));
        problem = '';
        isAbsent = false;
      } catch (error) {
        // An address that is no id leads nowhere either.
        isAbsent = error instanceof ApiError && (error.status === 404 || error.status === 400);
        if (isAbsent) organization = null;
        problem = messageOf(error);
        return;
      }
      await Promise.all([this.isMet && members.load(), organization?.may_administer && invitations.load()]);
    },
    /** @throws ApiError */
    async change(json: {
      name?: string;
      description?: string | null;
      visibility?: Organization['visibility'];
    }): Promise<void> {
      show(await api.patch('/organizations/:id', { param: { id }, json }));
    },
    /** The logo is another one, or none. */
    showLogo(url: string | null): void {
      if (organization) show({ ...organization, logo_url: url });
    },
  };
}
