export { photoJobHandlers, photoJobs } from './job-handlers.ts';
export { sweepBlobs } from './jobs.ts';
export { createPhotoLocator } from './locate-photo.ts';
export { createPartialFiles } from './partial-files.ts';
export { createResumableUploads } from './resumable-upload.ts';
export { photoRoutes } from './routes.ts';
export { createPhotoServer, type Identity } from './serve-photo.ts';
export { createSignedUrls } from './signed-urls.ts';
export { originals, type ZipEntry, zipFiles } from './zip-files.ts';
