export { openBackends, type StudioConfig } from './backends/open-backends.ts';
export { createPodLedger, findUnwatchedPod, keepPodAlarm } from './claim-pod.ts';
export { generationJobHandlers, generationJobs } from './job-handlers.ts';
export { lookAfterPod, refreshModels } from './jobs.ts';
export { generationRoutes } from './routes.ts';
export { startStudioWorker } from './worker.ts';
