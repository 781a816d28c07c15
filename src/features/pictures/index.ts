export { pictureJobHandlers, pictureJobs } from './job-handlers.ts';
export { publishPictures } from './jobs.ts';
export { createPictureLocator } from './locate-picture.ts';
export { pictureRoutes } from './routes.ts';
export { createPictureServer } from './serve-picture.ts';
export { type PublishedDeps, sweepPublished, sweepUnknown } from './sweep-published.ts';
