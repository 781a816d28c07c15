import { SNIFF_BYTES, sniff } from '#platform/imaging/index.ts';
import { type OpenFile, type Reason, Skip } from './earlier-system.ts';

const videos = /\.(?:mp4|mov|m4v|avi|mkv|webm|3gp|3g2|mpe?g|mts|m2ts|wmv|flv|mp)$/i;
const raws = /\.(?:dng|cr2|cr3|crw|nef|nrw|arw|srf|sr2|orf|rw2|raf|pef|srw|x3f|erf|kdc|dcr|mrw|3fr|iiq|rwl)$/i;

/** Why a file whose first bytes are of no picture is none; its name only tells which of these it is. */
export function tellKind(filename: string, head: Uint8Array): Reason {
  if (head.length === 0) return 'empty';
  if (videos.test(filename)) return 'video';
  // Before its bytes are asked: CR3 is a film's container.
  if (raws.test(filename)) return 'raw';
  return isFilm(head) ? 'video' : 'not_a_picture';
}

/** QuickTime and its descendants, Matroska, AVI. */
function isFilm(head: Uint8Array): boolean {
  const text = Buffer.from(head.subarray(0, 12)).toString('latin1');
  return text.slice(4, 8) === 'ftyp' || text.startsWith('\x1aE\xdf\xa3') || /^RIFF....AVI /s.test(text);
}

/**
 * The same bytes, once the first of them are known to be of a picture. Whatever its name says: a picture called `.mp4` is one.
 * @throws Skip
 */
export async function requirePicture(filename: string, file: OpenFile): Promise<AsyncIterable<Uint8Array>> {
  const rest = file.body[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let length = 0;
  while (length < SNIFF_BYTES) {
    const { value, done } = await rest.next();
    if (done) break;
    held.push(value);
    length += value.length;
  }
  const head = Buffer.concat(held).subarray(0, SNIFF_BYTES);
  if (sniff(head) === null) throw new Skip(tellKind(filename, head));
  return (async function* () {
    yield* held.splice(0);
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  })();
}
