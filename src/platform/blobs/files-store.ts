import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fromName, roots, toAddress } from './blob-address.ts';
import type { BlobKey, BlobStore, StoredBlob } from './blob-store.ts';
import { openFile } from './file-reader.ts';
import { asStorageFull } from './storage-full.ts';
import { createTempArea } from './temp-area.ts';

/** Keeps blobs as files at their addresses in `dataDir`. Folders are made on demand and stay. Several servers may share it. */
export function createFilesStore(deps: { dataDir: string }): BlobStore {
  const dataDir = resolve(deps.dataDir);
  const folders = createFolders(dataDir);

  const pathOf = (key: BlobKey) => join(dataDir, toAddress(key));

  const statOf = async (key: BlobKey): Promise<StoredBlob | null> => {
    const found = await stat(pathOf(key)).catch(nullWhenAbsent);
    return found && { bytes: found.size, modifiedAt: found.mtime };
  };

  return {
    ...createTempArea({ tempDir: join(dataDir, 'tmp') }),
    driver: 'files',
    capabilities: { localPath: pathOf, readersOutlive: true },
    async put(key, tempPath, { synced = false } = {}) {
      const path = pathOf(key);
      try {
        if (!synced) await sync(tempPath);
        await folders.moveInto(tempPath, path);
      } catch (error) {
        await rm(tempPath, { force: true });
        throw asStorageFull(error);
      }
      await sync(dirname(path));
    },
    open: (key) => openFile(pathOf(key)),
    has: async (key) => (await statOf(key)) !== null,
    stat: statOf,
    delete: (key) => rm(pathOf(key), { force: true }),
    async *list() {
      for (const root of roots) {
        for await (const name of filesBelow(join(dataDir, root))) {
          const key = fromName(root, name);
          // One that was deleted meanwhile is no part of the list.
          const found = key && (await statOf(key));
          if (found) yield { key, ...found };
        }
      }
    },
    sweepParts: async () => 0,
    close: () => {},
  };
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = await opendir(folder).catch(nullWhenAbsent);
  if (!entries) return;
  for await (const entry of entries) {
    if (entry.isDirectory()) yield* filesBelow(join(folder, entry.name));
    else yield entry.name;
  }
}

/**
 * A new folder outlives a loss of power once the folder it stands in is fsynced. Each is seen to once in a process: one that is
 * there already may have been made by another process, or by a put that runs at the same time and is not that far yet.
 */
function createFolders(dataDir: string) {
  const durable = new Map<string, Promise<void>>();

  const make = async (folder: string) => {
    await mkdir(folder, { recursive: true });
    for (let parent = folder; parent !== dataDir; ) {
      parent = dirname(parent);
      await sync(parent);
    }
  };

  const ensure = (folder: string): Promise<void> => {
    const known = durable.get(folder) ?? make(folder);
    // There can be 131,072 of them; seeing to one again costs little, remembering all would cost megabytes.
    if (durable.size >= 4096) durable.clear();
    durable.set(folder, known);
    return known;
  };

  const moveInto = async (from: string, path: string): Promise<void> => {
    await ensure(dirname(path));
    await rename(from, path);
  };

  return {
    moveInto: (from: string, path: string) =>
      moveInto(from, path).catch((error: NodeJS.ErrnoException) => {
        durable.delete(dirname(path));
        if (error.code !== 'ENOENT') throw error;
        // Somebody removed the folder since.
        return moveInto(from, path);
      }),
  };
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

function nullWhenAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
