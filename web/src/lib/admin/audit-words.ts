import type { OutputOf } from '#lib/api-schema.ts';
import { formatCount } from '#lib/format.ts';
import { roundBytes } from '#lib/parts/quota.ts';
import { scopeNames } from '#lib/settings/key-terms.ts';

export type AuditEntry = OutputOf<'get', '/admin/audit'>['items'][number];
export type AuditAction = AuditEntry['action'];
type Told = Pick<AuditEntry, 'action' | 'actor' | 'actor_kind' | 'subject' | 'details'>;

type Details = Record<string, unknown>;
/** What follows the name of who did it; of `subject`, the account it was done to, only the name. */
type Tell = string | ((subject: string, details: Details) => string);

/** Every action: how the filter names it, and how the list tells it. */
const words: Record<AuditAction, readonly [label: string, tell: Tell]> = {
  sign_in: ['Signed in', (_, { kind }) => (kind === 'token' ? 'signed in with an app' : 'signed in')],
  sign_in_failed: ['Sign-in failed', failedToSignIn],
  sign_out: ['Signed out', 'signed out'],
  session_revoked: ['Session ended', (_, { count }) => `signed out ${others(count)}`],
  password_changed: ['Password changed', 'changed their password'],
  password_reset: ['Password set by a link', 'set a new password by a link'],
  account_created: ['Account made', (_, { role }) => (role === 'admin' ? 'made the first account' : 'made an account')],
  account_changed: [
    'Own account changed',
    (_, { fields }) => `changed their ${list(named(fields, fieldNames)) || 'account'}`,
  ],
  account_deleted: ['Own account deleted', 'deleted their account'],
  key_created: ['API key made', (_, { scopes }) => `made an API key ${mayDo(scopes)}`.trim()],
  key_revoked: ['API key deleted', 'deleted an API key'],
  user_created: [
    'Person added',
    (subject, details) => [`made an account for ${subject}`, ...terms(details)].join(', '),
  ],
  user_changed: ['Person changed', (subject, details) => list(changes(subject, details)) || `changed ${subject}`],
  user_disabled: ['Person disabled', (subject) => `disabled ${subject}`],
  user_enabled: ['Person let back in', (subject) => `let ${subject} back in`],
  user_deleted: ['Person deleted', (subject) => `deleted the account of ${subject}`],
  reset_link_made: ['Reset link made', (subject) => `made a reset link for ${subject}`],
  invitation_made: ['Invitation made', 'made an invitation'],
  invitation_revoked: ['Invitation withdrawn', 'withdrew an invitation'],
  album_member_added: ['Album member added', (_, { role }) => `let somebody into an album${as(role)}`],
  album_member_changed: [
    'Album member changed',
    (_, { role }) => `changed what somebody may do in an album${as(role)}`,
  ],
  album_member_removed: ['Album member removed', 'took somebody out of an album'],
  album_member_left: ['Album left', 'left an album'],
  shared_album_deleted: ['Shared album deleted', 'deleted an album that was shared'],
  organization_created: ['Organization made', 'made an organization'],
  organization_changed: ['Organization changed', 'changed an organization'],
  organization_deleted: [
    'Organization deleted',
    (_, { reason }) =>
      reason === 'nobody_left' ? 'was the last in an organization, which ended' : 'deleted an organization',
  ],
  organization_invited: [
    'Asked into an organization',
    (_, { role }) => `asked somebody into an organization${as(role)}`,
  ],
  organization_invitation_withdrawn: [
    'Invitation to an organization withdrawn',
    'withdrew an invitation to an organization',
  ],
  organization_joined: ['Organization joined', (_, { role }) => `joined an organization${as(role)}`],
  organization_invitation_declined: ['Organization declined', 'did not want to join an organization'],
  organization_member_changed: [
    'Organization member changed',
    (_, { reason, role }) =>
      reason === 'last_admin_gone'
        ? 'left an organization to who had belonged to it longest'
        : `changed what somebody is in an organization${as(role)}`,
  ],
  organization_member_removed: ['Organization member removed', 'took somebody out of an organization'],
  organization_member_left: ['Organization left', 'left an organization'],
  link_created: ['Link made', 'made a link'],
  link_changed: ['Link changed', 'changed a link'],
  link_closed: ['Link closed', 'closed a link'],
  link_opened: ['Link opened', 'opened a link'],
  link_unlock_failed: ['Wrong password for a link', 'gave a wrong password for a link'],
  job_retried: ['Job retried', (_, { job }) => `had a job done again${known(job)}`],
  job_deleted: ['Job deleted', (_, { job }) => `deleted a job${known(job)}`],
  storage_move_started: ['Storage moved', (_, { from, to }) => `had the library move from ${from} to ${to}`],
  storage_move_paused: ['Move paused', (_, { from, to }) => `paused the move from ${from} to ${to}`],
  studio_mode_changed: [
    'Studio switched',
    (_, { mode }) => `had pictures made ${mode === 'remote' ? 'on a rented machine' : 'on the machine at hand'}`,
  ],
  pod_started: ['Rented machine started', 'started the rented machine'],
  pod_stopped: ['Rented machine stopped', 'stopped the rented machine'],
  try_out_changed: [
    'Studio opened or closed',
    (_, { allowed }) => (allowed ? 'let visitors try the studio' : 'closed the studio to visitors'),
  ],
};

/** What guests do has no name before it. */
const unnamed: Partial<Record<AuditAction, string>> = {
  link_opened: 'A link was opened',
  link_unlock_failed: 'A wrong password was given for a link',
};

/** What people do to their own accounts before they are signed in: only the account says who that is. */
const own: ReadonlySet<AuditAction> = new Set(['sign_in', 'account_created', 'password_reset']);

const nobody: Record<AuditEntry['actor_kind'], string> = {
  user: 'Somebody',
  link: 'A guest',
  anonymous: 'Somebody',
  system: 'The server',
};

/** All actions as the filter lists them. */
export const actionLabels: readonly { action: AuditAction; label: string }[] = Object.entries(words).map(
  ([action, [label]]) => ({ action: action as AuditAction, label }),
);

/** An entry as a sentence: `who` is null where nobody has a name, and `text` then stands alone. */
export function tell({ action, actor, actor_kind, subject, details }: Told): { who: string | null; text: string } {
  const lone = actor ? undefined : unnamed[action];
  if (lone) return { who: null, text: lone };
  const about = subject?.name ?? null;
  const [, text] = words[action];
  return {
    who: actor?.username ?? (own.has(action) ? about : null) ?? nobody[actor_kind],
    text: typeof text === 'string' ? text : text(about ?? 'somebody', details),
  };
}

function failedToSignIn(subject: string, { reason }: Details): string {
  if (reason === 'no_account') return 'failed to sign in: there is no such account';
  if (reason === 'disabled') return `failed to sign in as ${subject}, who is disabled`;
  if (reason === 'current_password') return 'gave a wrong password to confirm a change';
  return `failed to sign in as ${subject}`;
}

const fieldNames: Record<string, string> = {
  username: 'username',
  email: 'e-mail',
  display_name: 'name',
  avatar_by_email: 'avatar setting',
};

function changes(subject: string, { role, ...quota }: Details): string[] {
  const standing = role === 'admin' ? 'an administrator' : 'a plain member';
  const given = list(limits(quota));
  return [...(role ? [`made ${subject} ${standing}`] : []), ...(given ? [`gave ${subject} ${given}`] : [])];
}

/** Of a new account, what is not as usual. */
function terms({ role, quota_bytes, quota_photos }: Details): string[] {
  const given = { quota_bytes: quota_bytes ?? undefined, quota_photos: quota_photos ?? undefined };
  return [...(role === 'admin' ? ['an administrator'] : []), ...limits(given).map((limit) => `with ${limit}`)];
}

function limits({ quota_bytes: bytes, quota_photos: photos }: Details): string[] {
  const told: string[] = [];
  if (typeof bytes === 'number') told.push(`a quota of ${roundBytes(bytes)}`);
  if (typeof photos === 'number') told.push(`a quota of ${formatCount(photos, 'photo')}`);
  if (bytes === null) told.push('space without a limit');
  if (photos === null) told.push('photos without a limit');
  return told;
}

const mayDo = (scopes: unknown): string => {
  const short = list(
    named(scopes, Object.fromEntries(Object.entries(scopeNames).map(([name, { short }]) => [name, short]))),
  );
  return short ? `that ${short}` : '';
};

const others = (count: unknown): string =>
  typeof count === 'number' && count !== 1
    ? formatCount(count, 'other browser or app', 'other browsers and apps')
    : 'another browser or app';
const standings: Record<string, string> = {
  viewer: 'viewer',
  contributor: 'contributor',
  member: 'member',
  admin: 'administrator',
};
const as = (role: unknown): string => (typeof role === 'string' && standings[role] ? `, as ${standings[role]}` : '');
const known = (job: unknown): string => (typeof job === 'string' ? `: ${job}` : '');

/** The words for those names that have one. */
function named(names: unknown, all: Record<string, string>): string[] {
  return Array.isArray(names) ? names.flatMap((name) => all[String(name)] ?? []) : [];
}

/** `a, b and c`. */
function list(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length > 1 ? `${items.slice(0, -1).join(', ')} and ${last}` : last;
}
