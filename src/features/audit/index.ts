export { auditJobHandlers, auditJobs } from './jobs.ts';
export { recordAudit } from './record-audit.ts';
export { auditRoutes } from './routes.ts';
