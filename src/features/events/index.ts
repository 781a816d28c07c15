export { createChangeStreams } from './change-streams.ts';
export { eventRoutes } from './routes.ts';
