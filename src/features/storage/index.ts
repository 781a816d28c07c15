export { readStorage, type StorageDeps } from './administer-storage.ts';
export { collectGarbage } from './collect-garbage.ts';
export { hashOf } from './copy-blob.ts';
export { inLanes } from './in-lanes.ts';
export { storageJobHandlers, storageJobs } from './job-handlers.ts';
export { readMoveProgress, readPublishedTotals } from './move-progress.ts';
export { moveStorage } from './move-storage.ts';
export { storageRoutes } from './routes.ts';
export { checkStorage, type Fault } from './verify-storage.ts';
