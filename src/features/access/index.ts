export { requireAccess, requireAllowed, requireGuestAccess } from './access.ts';
