import { formatCount, formatNumber } from '#lib/format.ts';
import { spaceWords } from '#lib/parts/quota.ts';
import { UploadProblem } from './queue.ts';

/** As `quota_exceeded` tells its figures. */
type Quota = {
  used_bytes?: number;
  limit_bytes?: number | null;
  used_photos?: number;
  limit_photos?: number | null;
};

/** What to tell, and whether to try again, from the server's answer. */
export function problemOf(status: number, body: unknown): UploadProblem {
  const { code, message, details } =
    (body as { error?: { code?: string; message?: string; details?: Quota & { retry_after?: number } } })?.error ?? {};
  if (status === 401) return new UploadProblem('signed-out', 'You are signed out. Sign in again, then retry.');
  if (status === 429 || status === 503)
    return new UploadProblem('later', message ?? 'The server is busy.', details?.retry_after ?? 5);
  // What stands before the server finds nobody there.
  if (!code && (status === 502 || status === 504)) return new UploadProblem('network', 'The server cannot be reached');
  if (status === 413 || status === 415 || status === 422 || status === 400)
    return new UploadProblem('refused', message ?? 'The server cannot read this file.');
  // It stays in the tray: once there is room, trying again is all that is left to do.
  if (code === 'quota_exceeded')
    return new UploadProblem('failed', noRoom(details ?? {}) ?? message ?? 'No room for it.');
  return new UploadProblem('failed', message ?? 'The server could not take it. Try again in a moment.');
}

/** @param share how much of the file had gone out, 0 to 1 */
export function connectionLost(share: number): UploadProblem {
  return new UploadProblem('network', share > 0 ? `Connection lost at ${Math.floor(share * 100)} %` : 'No connection');
}

/** What is used and what helps; null without figures. */
function noRoom({ used_bytes = 0, limit_bytes, used_photos = 0, limit_photos }: Quota): string | null {
  const used = [
    ...(limit_photos == null ? [] : [`${formatNumber(used_photos)} of ${formatCount(limit_photos, 'photo')}`]),
    ...(limit_bytes == null ? [] : [spaceWords(used_bytes, limit_bytes)]),
  ].join(' and ');
  return used ? `No room for it: ${used} used. Emptying the trash helps.` : null;
}
