export { bringAlbum, coverAlbum, emptyAlbum, fillAlbum } from './fill-album.ts';
export { albumRoutes } from './routes.ts';
export type { AlbumTables } from './tables.ts';
