import type { Kysely } from 'kysely';
import { recordAudit } from '#features/audit/index.ts';
import {
  type AuthorizeDeps,
  type GuestRequest,
  gone,
  locked,
  requireLinkPassword,
  requireOpenLink,
  toCaller,
} from './authorize-guest.ts';
import { countView } from './store.ts';
import type { SharingTables } from './tables.ts';

/**
 * Opens a visit: a session for at most a day, which is one view. Whoever shows a session that is good keeps it, and is not
 * counted again.
 * @throws AppError `not_found`, `gone`, `link_locked`, `rate_limited`
 */
export async function unlockLink(deps: AuthorizeDeps, request: GuestRequest) {
  const link = await requireOpenLink(deps, request.key);
  const ends = request.session === undefined ? null : deps.sessions.verify(link, request.session);
  if (ends) return { session: request.session as string, expiresAt: ends };

  const caller = toCaller(link);
  if (link.has_password) {
    if (request.password === undefined) throw locked('password');
    await requireLinkPassword(deps, { caller, link }, request.password, request.address);
  } else await deps.limits.open(link.id, request.address.network);
  const counted = await deps.database.as(caller.principal, async (tx: Kysely<SharingTables>) => {
    // Decided by the row itself: of those who come at once, no more are let in than it may count.
    if (!(await countView(tx))) return false;
    await recordAudit(tx, {
      action: 'link_opened',
      subject: { kind: 'link', id: link.id },
      address: request.address.ip,
    });
    return true;
  });
  if (!counted) throw gone('This link was opened as often as it may be. Ask whoever sent it for a new one.');
  const { token: session, expiresAt } = deps.sessions.issue(link);
  return { session, expiresAt };
}
