import { createHash } from 'node:crypto';

/** What stands in for a picture that is not there. All that is in it comes from the address, so that it tells nothing of who exists. */
export type StandIn = 'initials' | 'identicon' | 'silhouette' | 'blank';

/** White letters can be read on each. */
const colours = [
  '#8a4b2f',
  '#7a5a12',
  '#4f6b1f',
  '#1f6b4f',
  '#1f6470',
  '#2f5a8a',
  '#4a4f9a',
  '#6b3f8f',
  '#8f3b6e',
  '#93394a',
];

/** Two letters or digits at the most, of what was asked for or of a name; nothing else ever comes into a drawing. */
export function toInitials(initials: string | null, name: string | null): string {
  const asked = initials?.normalize('NFC').match(/[\p{L}\p{N}]/gu) ?? [];
  if (asked.length > 0) return asked.slice(0, 2).join('').toUpperCase();
  const words = (name?.normalize('NFC') ?? '')
    .slice(0, 200)
    .split(/\s+/)
    .flatMap((word) => word.match(/[\p{L}\p{N}]/u)?.[0] ?? []);
  return [words[0], words.length > 1 ? words.at(-1) : ''].join('').toUpperCase();
}

/**
 * Draws an SVG: the same for the same arguments, with nothing from elsewhere in it.
 * @param subject the id, or the hash, of whose picture it stands in for: it gives the colour
 * @param side pixels
 * @param initials as {@link toInitials} answers them; a silhouette stands in for none
 */
export function drawStandIn(kind: StandIn, subject: string, side: number, initials = ''): Buffer {
  const digest = createHash('sha256').update(subject).digest();
  const colour = colours[digest.readUInt32BE(0) % colours.length] as string;
  const drawn = kind === 'initials' && initials === '' ? 'silhouette' : kind;
  const parts: Record<StandIn, () => string> = {
    blank: () => '',
    silhouette: () =>
      `${ground(kind === 'silhouette' ? '#b9bdc4' : colour)}<g fill="#fff"><circle cx="50" cy="39" r="18"/><path d="M16 100a34 34 0 0 1 68 0z"/></g>`,
    initials: () =>
      `${ground(colour)}<text x="50" y="50" dy=".35em" text-anchor="middle" font-family="system-ui,sans-serif" font-size="${[...initials].length > 1 ? 42 : 52}" font-weight="600" fill="#fff">${initials}</text>`,
    identicon: () => `${ground('#f0f1f3')}<g fill="${colour}">${squares(digest)}</g>`,
  };
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 100 100">${parts[drawn]()}</svg>`,
  );
}

const ground = (colour: string): string => `<rect width="100" height="100" fill="${colour}"/>`;

/** Five by five, its right half the mirror of its left: a bit of the digest for each. */
function squares(digest: Buffer): string {
  const all: string[] = [];
  for (let column = 0; column < 3; column += 1) {
    for (let row = 0; row < 5; row += 1) {
      if (((digest[4 + column * 5 + row] ?? 0) & 1) === 0) continue;
      for (const at of new Set([column, 4 - column])) {
        all.push(`<rect x="${10 + at * 16}" y="${10 + row * 16}" width="16" height="16"/>`);
      }
    }
  }
  return all.join('');
}
