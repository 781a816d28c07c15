import { lstat, readdir } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { EarlierPerson, EarlierPhoto, EarlierSystem } from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';
import { openBelow, walkFolders } from '../walk-files.ts';
import { type KeptInBrowser, readBrowserImages, readPeople } from './ai-library-files.ts';

/** Images as a folder of somebody has them; the moment they were made is their name. */
const folderName = /^user-([^/]+)$/;
const madeAt = /^(\d{12,14})-/;

/**
 * ai-library: a folder of images for each person, and what browsers remember of them. Images that lie beside the folders are nobody's
 * that is known.
 * @param deps.images its folder `uploads/images`
 * @param deps.people what mongoexport made of its users; null where they are not brought
 * @param deps.accounts names of accounts here, by the ids that people have there
 * @param deps.browsers files of what pages kept as `generatedImages`
 */
export async function openAiLibrary(deps: {
  images: string;
  people: string | null;
  accounts: ReadonlyMap<string, string>;
  browsers: readonly string[];
}): Promise<EarlierSystem> {
  const { images, accounts } = deps;
  await requireImages(images);
  const people = deps.people === null ? [] : await readPeople(deps.people);
  const kept = await readBrowserImages(deps.browsers);

  const toPhoto = async (path: string, file: string): Promise<EarlierPhoto> => {
    const name = path === '' ? file : `${path}/${file}`;
    // Whatever lies deeper is theirs as well.
    const person = folderName.exec(path.split(sep, 1)[0] ?? '')?.[1];
    const told: KeptInBrowser | undefined = kept.get(name);
    const made = {
      kind: 'generated',
      of: null,
      prompt: told?.prompt,
      recipe: { tool: 'ai-library' },
    } as const;
    return {
      name,
      filename: file,
      // By its own name alone it is asked for; two folders may become one person's, and have the same name each: the first tells them
      // apart.
      earlierIds: [name, ...(path === '' ? [] : [file])],
      owner: person === undefined ? 'unknown' : { person },
      told: { createdAt: timeOf(file) ?? told?.at ?? (await lstat(join(images, name)).catch(() => null))?.mtime },
      albums: [],
      ...(person === undefined ? {} : { made }),
      open: () => openBelow(images, name),
    };
  };

  return {
    name: 'ai-library',
    async *people() {
      const named = new Map<string, string>(accounts);
      for (const person of people) {
        const account = named.get(person.earlierId);
        named.delete(person.earlierId);
        yield account === undefined ? person : { ...person, account };
      }
      for (const [earlierId, account] of named) yield { ...nobodyElse, earlierId, username: account, account };
    },
    async *photos() {
      for await (const { path, files, passed } of walkFolders(images)) {
        yield* passed;
        for (const file of files) yield await toPhoto(path, file);
      }
    },
    async count() {
      let count = 0;
      for await (const { files, passed } of walkFolders(images)) count += files.length + passed.length;
      return count;
    },
    close: async () => {},
  };
}

/** Of whom nothing is known but whose account here is theirs. */
const nobodyElse: Omit<EarlierPerson, 'earlierId' | 'username'> = {
  email: null,
  displayName: null,
  passwordHash: null,
  createdAt: null,
  isDisabled: false,
};

function timeOf(file: string): Date | undefined {
  const ms = madeAt.exec(file)?.[1];
  return ms === undefined ? undefined : new Date(Number(ms));
}

/** Where there are folders, and none of them is a person's, it is another folder: all images of it would be nobody's. */
async function requireImages(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  if (folders.length > 0 && !folders.some(({ name }) => folderName.test(name))) {
    throw new ImportError(`${folder} has no folders user-…: name its folder uploads/images.`);
  }
}
