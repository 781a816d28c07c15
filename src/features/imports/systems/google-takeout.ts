import { basename, join } from 'node:path';
import type { EarlierAlbum, EarlierPhoto, EarlierSystem, Passed } from '../earlier-system.ts';
import { type Folder, nameOfFile, openBelow, walkFolders } from '../walk-files.ts';
import { pairSidecars } from './pair-sidecars.ts';
import { readSidecar } from './read-sidecar.ts';

const year = String.raw`(?:18|19|20)\d\d`;

/** Folders of years, as Google's languages call them: they are no albums. Albums of people may be called “Photos Rome 2019”. */
const yearFolders = [
  `Photos (?:from|de) ${year}`,
  `Fotos (?:von|del?) ${year}`,
  `Foto (?:da|dal|del|di) ${year}`,
  `Foto['’]s (?:uit|van) ${year}`,
  `Zdjęcia z(?: roku)? ${year}`,
  `Fot(?:ky|ografie) z(?: roku)? ${year}`,
  `Foton från ${year}`,
  `Billeder fra ${year}`,
  `Bilder fra ${year}`,
  `Kuvat vuodelta ${year}`,
  `Fotografii din ${year}`,
  `(?:Фото|Фотографии) за ${year} год`,
  `(?:Фото|Фотографії) за ${year} рік`,
  `${year} ?年の写真`,
  `${year} ?年的?(?:照片|相片)`,
  `${year} ?년(?:의)? 사진`,
  `${year} (?:fotoğrafları|yılından fotoğraflar)`,
];
const ofYear = new RegExp(`^(?:${yearFolders.join('|')})$`, 'iu');

/** Whether it is Google's folder of a year, and no album of somebody's. Names from a Mac come in parts. */
export const isYearFolder = (name: string): boolean => ofYear.test(name.normalize('NFC'));

/**
 * What tells of an album is one word in each language: `metadata.json`, `métadonnées.json`. Others that lie there are of nothing, and
 * are several: `print-subscriptions.json`, `shared_album_comments.json`, `user-generated-memory-titles.json`.
 */
const ofAlbum = /^[\p{L} ]+(?:\(\d+\))?\.json$/iu;

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
    const damaged = new Set<string>();
    for (const file of pictures) {
      const name = join(folder.path, file);
      const sidecar = pairs.get(file);
      const told = sidecar ? await readSidecar(root, join(folder.path, sidecar)) : null;
      const facts = told === 'damaged' ? null : told;
      if (sidecar && told === 'damaged') damaged.add(sidecar);
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
      const name = join(folder.path, sidecar);
      const facts = used.has(sidecar) ? null : await readSidecar(root, name);
      if (facts === 'damaged' || damaged.has(sidecar)) yield { name, why: 'unreadable' };
      else if (facts?.isPicture) yield { name, why: 'sidecar' };
    }
  }

  const findAlbum = async (folder: Folder, unpaired: readonly string[]): Promise<EarlierAlbum | null> => {
    if (isYearFolder(basename(folder.path))) return null;
    for (const sidecar of unpaired) {
      if (!ofAlbum.test(sidecar.normalize('NFC'))) continue;
      const facts = await readSidecar(root, join(folder.path, sidecar));
      if (!facts || facts === 'damaged' || facts.isPicture || !facts.hasTitle) continue;
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
