import { readFile } from 'node:fs/promises';
import type { EarlierPerson } from '../earlier-system.ts';
import { ImportError } from '../import-error.ts';

/** What a page remembers of an image, which the service never kept. */
export interface KeptInBrowser {
  readonly prompt: string | undefined;
  readonly at: Date | undefined;
}

const mostPrompt = 4000;
const imageAddress = /\/uploads\/images\/((?:[^/?#]+\/)?[^/?#]+)/;

/**
 * What browsers keep as `generatedImages`, by the paths of images below their folder. An entry without an address is nobody's: two
 * people's images may have the same name.
 * @throws ImportError
 */
export async function readBrowserImages(paths: readonly string[]): Promise<ReadonlyMap<string, KeptInBrowser>> {
  const kept = new Map<string, KeptInBrowser>();
  for (const path of paths) {
    const entries = parse(path, await read(path));
    if (!Array.isArray(entries)) throw new ImportError(`${path} is no list of images, as a browser keeps one.`);
    for (const entry of entries) {
      const { url, prompt, timestamp } = toFields(entry);
      const name = imageAddress.exec(textOf(url) ?? '')?.[1];
      if (name) {
        const words = [...(textOf(prompt) ?? '').replaceAll('\0', '').toWellFormed()].slice(0, mostPrompt).join('');
        kept.set(decode(name), { prompt: words.trim() === '' ? undefined : words, at: timeOf(timestamp) });
      }
    }
  }
  return kept;
}

/**
 * Users as mongoexport writes them: a document a line, or a list of them.
 * @throws ImportError
 */
export async function readPeople(path: string): Promise<readonly EarlierPerson[]> {
  const text = await read(path);
  const list = text.trimStart().startsWith('[');
  const documents = list
    ? (parse(path, text) as unknown[])
    : text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => parse(path, line));
  return documents.map((document) => {
    const { _id, username, email, password, profile, createdAt, isActive } = toFields(document);
    const earlierId = textOf(_id) ?? textOf(toFields(_id).$oid);
    const name = textOf(username);
    if (!earlierId || !name) throw new ImportError(`${path} is no export of users: one has no _id or no username.`);
    const { firstName, lastName } = toFields(profile);
    return {
      earlierId,
      username: name,
      email: textOf(email)?.toLowerCase() ?? null,
      displayName: [textOf(firstName), textOf(lastName)].filter(Boolean).join(' ') || null,
      passwordHash: textOf(password) ?? null,
      createdAt: timeOf(createdAt) ?? null,
      isDisabled: isActive === false,
    };
  });
}

const toFields = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** As JSON has it, as a browser's clock counts, or as MongoDB's extended JSON writes either. */
function timeOf(value: unknown): Date | undefined {
  const { $date, $numberLong } = toFields(value);
  if ($date !== undefined) return timeOf($date);
  if ($numberLong !== undefined) return timeOf(Number($numberLong));
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? undefined : at;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

const read = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((error: { code?: string }) => {
    throw new ImportError(`${path} cannot be read (${error.code ?? 'unknown'}).`);
  });

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ImportError(`${path} is no JSON that can be read.`);
  }
}
