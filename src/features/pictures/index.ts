export { createPictureLocator } from './locate-picture.ts';
export { pictureRoutes } from './routes.ts';
export { createPictureServer } from './serve-picture.ts';
