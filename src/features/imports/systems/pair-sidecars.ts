/**
 * Which JSON file tells of which picture in one folder of a Google Takeout. As its exports are found to be: the sidecar of `a.jpg` is
 * `a.jpg.json` or `a.jpg.supplemental-metadata.json`; what stands before `.json` is cut at 46 characters, wherever that falls; of two
 * pictures of one name the second is `a(1).jpg` and its sidecar `a.jpg(1).json`; what was edited, `a-edited.jpg`, has the sidecar of
 * what it was made of.
 */
const suffix = '.supplemental-metadata';
const cutAt = 46;
/** How much shorter than that a name that was cut may be: characters of more than one byte, and numbers, count differently. */
const cutFrom = 40;

/** As Google's languages call a picture that was edited; it stands before the number and the extension. */
const edited =
  /-(?:edited|effects|bearbeitet|modifié|editado|editada|modificato|bewerkt|edytowane|redigerad|redigeret|redigert|muokattu|upraveno|düzenlendi|изменено|edytowany|편집됨|編集済み|已修改|edited-effects)$/iu;

interface Name {
  readonly plain: string;
  /** `(1)`, or nothing. */
  readonly number: string;
}

/** @returns by the name of each picture that has one, the name of its sidecar; every look-up is by a key, however many there are */
export function pairSidecars(pictures: readonly string[], sidecars: readonly string[]): Map<string, string> {
  const byKey = new Map<string, string>();
  for (const sidecar of sidecars) {
    const stem = sidecar.replace(/\.json$/i, '');
    const { plain, number } = splitEnd(stem);
    byKey.set(keyOf(plain, number), sidecar);
    // A picture may have been called `a(1)` by its owner.
    if (number !== '') byKey.set(keyOf(stem, ''), sidecar);
  }
  const pairs = new Map<string, string>();
  for (const picture of pictures) {
    const found = find(byKey, picture);
    if (found) pairs.set(picture, found);
  }
  // Names of pictures are cut as well, elsewhere: of what is left, two beginnings that are one are of one picture where no third has it.
  const used = new Set(pairs.values());
  const alone = onlyOnes(sidecars.filter((name) => !used.has(name)).map((name) => [beginningOf(name), name]));
  const left = pictures.filter((name) => !pairs.has(name)).map((name) => [beginningOf(name), name] as const);
  for (const [beginning, picture] of onlyOnes(left)) {
    const sidecar = alone.get(beginning);
    if (sidecar) pairs.set(picture, sidecar);
  }
  return pairs;
}

function onlyOnes(named: readonly (readonly [string | null, string])[]): Map<string, string> {
  const ones = new Map<string, string | null>();
  for (const [key, name] of named) if (key !== null) ones.set(key, ones.has(key) ? null : name);
  return new Map([...ones].filter((pair): pair is [string, string] => pair[1] !== null));
}

function find(byKey: ReadonlyMap<string, string>, picture: string): string | undefined {
  const [stem, extension] = splitExtension(picture);
  const numbered = splitEnd(stem);
  const ways: Name[] = [
    { plain: `${numbered.plain}${extension}`, number: numbered.number },
    { plain: picture, number: '' },
  ];
  const original = numbered.plain.replace(edited, '');
  if (original !== numbered.plain) ways.push({ plain: `${original}${extension}`, number: numbered.number });
  for (const { plain, number } of ways) {
    const found = findCut(byKey, plain, number);
    if (found) return found;
  }
  // Older exports leave the extension out.
  return byKey.get(keyOf(numbered.plain, numbered.number)) ?? byKey.get(keyOf(original, numbered.number));
}

function findCut(byKey: ReadonlyMap<string, string>, plain: string, number: string): string | undefined {
  const whole = `${plain}${suffix}`;
  const exact = byKey.get(keyOf(plain, number)) ?? byKey.get(keyOf(whole, number));
  if (exact) return exact;
  for (let length = Math.min(whole.length - 1, cutAt + 5); length >= cutFrom; length -= 1) {
    const found = byKey.get(keyOf(whole.slice(0, length), number));
    if (found) return found;
  }
  return undefined;
}

/** Of a name that may have been cut; a sidecar's `.json` is left out as a picture's extension is. */
function beginningOf(name: string): string | null {
  const { plain, number } = splitEnd(splitExtension(name)[0]);
  return plain.length < cutFrom ? null : keyOf(plain.slice(0, cutFrom), number);
}

const keyOf = (plain: string, number: string): string => `${plain}\0${number}`.normalize('NFC');

function splitEnd(stem: string): Name {
  const match = /^(.+)(\(\d+\))$/s.exec(stem);
  return match ? { plain: match[1] as string, number: match[2] as string } : { plain: stem, number: '' };
}

function splitExtension(name: string): [string, string] {
  const at = name.lastIndexOf('.');
  return at <= 0 ? [name, ''] : [name.slice(0, at), name.slice(at)];
}
