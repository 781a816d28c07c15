export { createStylePreviews } from './preview-style.ts';
export { styleRoutes } from './routes.ts';
