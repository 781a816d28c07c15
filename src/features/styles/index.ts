export type { StyleId } from '#platform/imaging/index.ts';
export { createStylePreviews } from './preview-style.ts';
export { styleRoutes } from './routes.ts';
export { stylePhoto } from './style-photo.ts';
