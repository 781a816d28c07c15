export { type Action, requireAccess, requireAllowed, rules } from './access.ts';
