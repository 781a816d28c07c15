export type { PictureDeps } from './deps.ts';
export { pictureJobHandlers, pictureJobs } from './job-handlers.ts';
export { publishPictures } from './jobs.ts';
export { createPictureLocator } from './locate-picture.ts';
export { readPicture } from './read-picture.ts';
export type { PictureSource } from './receive-picture.ts';
export { pictureRoutes } from './routes.ts';
export { createPictureServer } from './serve-picture.ts';
export {
  removeOrganizationLogo,
  removeOwnPicture,
  setOrganizationLogo,
  setOwnPicture,
  shapeOf,
} from './set-picture.ts';
export { findPicture } from './store.ts';
export { type PublishedDeps, sweepPublished, sweepUnknown } from './sweep-published.ts';
