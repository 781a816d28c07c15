export { requireAccess, requireAllowed } from './access.ts';
