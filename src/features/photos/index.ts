export { borrowBytes } from './borrow-bytes.ts';
export { Download, Photo, PhotoMetadata, TimelineMonth, type Variant, variants } from './contract.ts';
export { writeDownload } from './download-photos.ts';
export { toContentDisposition } from './filename.ts';
export { photoJobHandlers, photoJobs } from './job-handlers.ts';
export { sweepBlobs } from './jobs.ts';
export { keepPhoto, makerOf, takeOutOfTrash } from './keep-photo.ts';
export { createPhotoLocator, type PhotoLocator } from './locate-photo.ts';
export { markOriginal } from './mark-original.ts';
export { createPartialFiles, type PartialFiles } from './partial-files.ts';
export { PhotoFilter } from './photo-filter.ts';
export { createPresenter, toOffsetTime } from './present-photo.ts';
export { requireQuota } from './quota.ts';
export { receivePhoto } from './receive-photo.ts';
export type { Made } from './recipe.ts';
export { requireFilter } from './require-selection.ts';
export { createResumableUploads } from './resumable-upload.ts';
export { photoRoutes } from './routes.ts';
export { createPhotoServer, type Identity } from './serve-photo.ts';
export { createSignedUrls, type SignedUrls } from './signed-urls.ts';
export {
  findOldestMatching,
  findPhoto,
  findPhotoDetail,
  findPhotos,
  findServable,
  listMatching,
  lockBlobShared,
  lockPhotos,
  type PhotoDetailRow,
  type PhotoRow,
  requireBytes,
  selectMatchingIds,
} from './store.ts';
export { sweepOrphanFiles, sweepPartials, sweepUnusedBlobs } from './sweep-blobs.ts';
export type { PhotoTables } from './tables.ts';
export { receiveFile } from './upload-photo.ts';
export { type ZipEntry, zipFiles } from './zip-files.ts';
