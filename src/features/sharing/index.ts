export { createCleanOriginals } from './clean-original.ts';
export { guestCookie, guestHeaders, keepAddressSecret } from './guest-cookie.ts';
export { guestPages } from './guest-page.ts';
export { guestRoutes } from './guest-routes.ts';
export { createGuestSessions } from './guest-sessions.ts';
export { createLinkKeys } from './link-keys.ts';
export { linkRoutes } from './link-routes.ts';
export { createGuestPhotoServer } from './serve-guest-photo.ts';
export { createUnlockLimits } from './unlock-limits.ts';
