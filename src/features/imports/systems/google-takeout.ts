import { basename, join } from 'node:path';
import type { EarlierAlbum, EarlierPhoto, EarlierSystem, Passed } from '../earlier-system.ts';
import { type Folder, nameOfFile, openBelow, walkFolders } from '../walk-files.ts';
import { pairSidecars } from './pair-sidecars.ts';
import { readSidecar } from './read-sidecar.ts';

/** Folders of years, as Google's languages call them: they are no albums. */
const ofYear = /^(?:photos?|fotos?|foto's|zdjęcia|fotky|foton|billeder|bilder|kuvat)\b.{0,12}\b(?:18|19|20)\d\d$/iu;

const isSidecar = (name: string): boolean => /\.json$/i.test(name);

/**
 * What Google's Takeout gives out of Google Photos, unpacked into one folder: pictures with a JSON file beside each, which knows
 * dates, captions, places and favourites, and a folder for each album.
 */
export function createGoogleTakeout(root: string): EarlierSystem {
  async function* photosOf(folder: Folder): AsyncGenerator<EarlierPhoto | Passed> {
    const sidecars = folder.files.filter(isSidecar);
    const pictures = folder.files.filter((name) => !isSidecar(name));
    const pairs = pairSidecars(pictures, sidecars);
    const used = new Set(pairs.values());
    const album = await findAlbum(
      folder,
      sidecars.filter((name) => !used.has(name)),
    );
    for (const file of pictures) {
      const name = join(folder.path, file);
      const sidecar = pairs.get(file);
      const facts = sidecar ? await readSidecar(root, join(folder.path, sidecar)) : null;
      if (facts?.isTrashed) {
        yield { name, why: 'in_trash' };
        continue;
      }
      yield {
        name,
        filename: fullName(file, facts?.title ?? ''),
        earlierIds: [await nameOfFile(root, name)],
        owner: 'named',
        told: facts?.told ?? {},
        albums: album ? [album] : [],
        open: () => openBelow(root, name),
      };
    }
    for (const sidecar of sidecars) {
      if (used.has(sidecar)) continue;
      const name = join(folder.path, sidecar);
      if ((await readSidecar(root, name))?.isPicture) yield { name, why: 'sidecar' };
    }
  }

  const findAlbum = async (folder: Folder, unpaired: readonly string[]): Promise<EarlierAlbum | null> => {
    if (ofYear.test(basename(folder.path))) return null;
    for (const sidecar of unpaired) {
      const facts = await readSidecar(root, join(folder.path, sidecar));
      if (!facts || facts.isPicture) continue;
      // Others lie there that are of nothing: shared comments, memories.
      if (!/^[\p{L}-]+(?:\(\d+\))?\.json$/u.test(sidecar)) continue;
      const description = facts.description || null;
      const earlierId = `folder:${folder.path}`.slice(0, 1024);
      return { earlierId, name: facts.title || basename(folder.path), description };
    }
    return null;
  };

  return {
    name: 'google-takeout',
    async *photos() {
      for await (const folder of walkFolders(root)) {
        yield* folder.passed;
        yield* photosOf(folder);
      }
    },
    async count() {
      let count = 0;
      for await (const { files, passed } of walkFolders(root)) {
        count += files.filter((name) => !isSidecar(name)).length + passed.length;
      }
      return count;
    },
    close: async () => {},
  };
}

/** Names of files are cut; the sidecar has the whole one. */
function fullName(file: string, title: string): string {
  const extension = (name: string) => /\.[A-Za-z0-9]{1,5}$/.exec(name)?.[0].toLowerCase() ?? '';
  const stem = (name: string) => name.slice(0, name.length - extension(name).length);
  return title.length > file.length && title.startsWith(stem(file)) && extension(title) === extension(file)
    ? title
    : file;
}
