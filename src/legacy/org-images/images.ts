import { AppError } from '#platform/http/app-error.ts';
import type { LegacyRoute } from '../system.ts';
import { refusing } from './words.ts';

/** What is said where there is no picture. */
export const noPicture = (path: string): string | null => {
  if (/^\/images\/users\/[^/]+\/profile$/.test(path)) return 'Profile photo not found';
  return /^\/images\/organizations\/[^/]+\/logo$/.test(path) ? 'Logo not found' : null;
};

const nothing = (): never => {
  throw new AppError('not_found', 'There is nothing at this address.');
};

/**
 * Pictures for everybody are at the addresses that the native API has for them, and it answers them: see `pictures` in index.ts. What
 * comes here has no id that could name anybody. There are no parts.
 */
export const imageRoutes = (): readonly LegacyRoute[] =>
  (
    [
      ['/images/users/:id/profile', 'User not found'],
      ['/images/organizations/:id/logo', 'Organization not found'],
      ['/images/parts/:id', 'Part not found'],
      ['/images/parts/:id/count', 'Part not found'],
    ] as const
  ).map(([path, not_found]) => ({
    method: 'GET',
    path,
    open: true,
    refuse: refusing({ not_found }),
    handle: nothing,
  }));
