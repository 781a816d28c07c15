export { borrowBytes } from './borrow-bytes.ts';
export { listAdded } from './browse-photos.ts';
export { findOldestMatching, listMatching, selectMatchingIds } from './browse-store.ts';
export { changePhoto, setFavorites } from './change-photos.ts';
export { tagPhotos } from './change-tags.ts';
export {
  Download,
  Photo,
  PhotoChange,
  PhotoMetadata,
  TagSelection,
  TimelineMonth,
  type Variant,
  variants,
} from './contract.ts';
export type { PhotoDeps } from './deps.ts';
export { writeDownload } from './download-photos.ts';
export { toContentDisposition } from './filename.ts';
export { fillTold } from './fill-told.ts';
export { photoJobHandlers, photoJobs } from './job-handlers.ts';
export { sweepBlobs } from './jobs.ts';
export { keepPhoto, makerOf, takeOutOfTrash, type Uploader } from './keep-photo.ts';
export { countMade, listMade } from './list-made.ts';
export { createPhotoLocator, type PhotoLocator } from './locate-photo.ts';
export type { MadeRow } from './made-store.ts';
export { markOriginal } from './mark-original.ts';
export { createPartialFiles, type PartialFiles } from './partial-files.ts';
export { PhotoFilter } from './photo-filter.ts';
export { createPresenter, type PhotoBody, toMakingInShort, toOffsetTime } from './present-photo.ts';
export { requireQuota } from './quota.ts';
export { readOriginal } from './read-original.ts';
export { receivePhoto } from './receive-photo.ts';
export type { Made } from './recipe.ts';
export { requireFilter } from './require-selection.ts';
export { createResumableUploads } from './resumable-upload.ts';
export { photoRoutes } from './routes.ts';
export { createPhotoServer, type Identity, labelBytes } from './serve-photo.ts';
export { createSignedUrls, type SignedUrls } from './signed-urls.ts';
export {
  findPhoto,
  findPhotoDetail,
  findPhotos,
  findServable,
  findUploadOf,
  lockBlobShared,
  lockPhotos,
  type PhotoDetailRow,
  type PhotoRow,
  requireBytes,
  setArchived,
  setPrimaryUnlessSet,
} from './store.ts';
export { sweepOrphanFiles, sweepPartials, sweepUnusedBlobs } from './sweep-blobs.ts';
export type { PhotoTables } from './tables.ts';
export type { Told } from './told.ts';
export { trashPhotos } from './trash-photos.ts';
export { trashPhotos as trashSelected } from './trash-store.ts';
export { uploadOwnPhoto } from './upload-own-photo.ts';
export { receiveFile, uploadPhoto } from './upload-photo.ts';
export { withdrawPhoto } from './withdraw-photo.ts';
export { type ZipEntry, zipFiles } from './zip-files.ts';
