import { join } from 'node:path';
import type { EarlierAlbum, EarlierSystem } from '../earlier-system.ts';
import { nameOfFile, openBelow, walkFolders } from '../walk-files.ts';

/**
 * Any folder of pictures.
 * @param options.albums whether each folder that has pictures becomes an album
 */
export function createFolder(root: string, options: { albums: boolean }): EarlierSystem {
  const albumOf = (path: string): EarlierAlbum[] =>
    options.albums && path !== ''
      ? [{ earlierId: `folder:${join(root, path)}`.slice(-1024), name: path, description: null }]
      : [];
  return {
    name: 'folder',
    async *photos() {
      for await (const { path, files, passed } of walkFolders(root)) {
        yield* passed;
        for (const file of files) {
          const name = join(path, file);
          yield {
            name,
            filename: file,
            earlierIds: [await nameOfFile(root, name)],
            owner: 'named',
            told: {},
            albums: albumOf(path),
            open: () => openBelow(root, name),
          };
        }
      }
    },
    async count() {
      let count = 0;
      for await (const { files, passed } of walkFolders(root)) count += files.length + passed.length;
      return count;
    },
    close: async () => {},
  };
}
