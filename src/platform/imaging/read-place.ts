import ExifReader from 'exifreader';

const MAX_TEXT = 200;
// Packets of editors hold histories and previews; a place is in none of that size.
const MAX_PACKET = 512 * 1024;

/** From the narrowest to the widest, as an address is written. */
type Parts = [sublocation: string | null, city: string | null, state: string | null, country: string | null];

/**
 * The name of the place as a file tells it: sublocation, city, province or state, and country, of XMP or else of IPTC
 * (IPTC Photo Metadata Standard 2023.2). Never throws: whatever is damaged or absent is null.
 */
export function readPlace(blocks: { xmp?: Buffer | undefined; iptc?: Buffer | undefined }): string | null {
  return nameOf(fromXmp(blocks.xmp)) ?? nameOf(fromIptc(blocks.iptc));
}

/** "Bergen, Bergen, Norway" is said once; 200 characters are kept. */
function nameOf(parts: Parts): string | null {
  const known = parts.flatMap(
    (part) =>
      part
        ?.toWellFormed()
        .replace(/[\p{Cc}\s]+/gu, ' ')
        .trim() || [],
  );
  const name = [...new Set(known)].join(', ');
  return [...name].slice(0, MAX_TEXT).join('').trim() || null;
}

const packetStart = '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>';

function fromXmp(block: Buffer | undefined): Parts {
  if (!block || block.length > MAX_PACKET) return [null, null, null, null];
  const text = block.toString('utf8');
  try {
    const packet = Buffer.from(text.startsWith('<?xpacket') ? text : packetStart + text);
    const xmp = (ExifReader.load(packet, { expanded: true }).xmp ?? {}) as Record<
      string,
      { value?: unknown } | undefined
    >;
    const textOf = (name: string): string | null => {
      const value = xmp[name]?.value;
      return typeof value === 'string' ? value : null;
    };
    return [textOf('Location'), textOf('City'), textOf('State'), textOf('Country')];
  } catch {
    return [null, null, null, null];
  }
}

/** Records of IIM 4.2: a marker, record 2, the data set, the length in two bytes, the data. */
function fromIptc(block: Buffer | undefined): Parts {
  const found = new Map<number, Buffer>();
  let isUtf8 = false;
  // They lie in a resource of Photoshop's, whose head is skipped by looking for the first marker of a record.
  for (let at = block ? firstRecord(block) : -1; block && at >= 0 && at + 5 <= block.length && block[at] === 0x1c; ) {
    const [record, dataSet, length] = [block[at + 1], block[at + 2] ?? 0, block.readUInt16BE(at + 3)];
    // Longer ones tell the length of their length; no place is one of them.
    if (length > 0x7fff || at + 5 + length > block.length) break;
    const data = block.subarray(at + 5, at + 5 + length);
    if (record === 1 && dataSet === 90) isUtf8 = data.toString('latin1') === '\x1b%G';
    if (record === 2) found.set(dataSet, data);
    at += 5 + length;
  }
  const textOf = (dataSet: number): string | null => decode(found.get(dataSet), isUtf8);
  return [textOf(92), textOf(90), textOf(95), textOf(101)];
}

function firstRecord(block: Buffer): number {
  for (let at = block.indexOf(0x1c); at >= 0; at = block.indexOf(0x1c, at + 1)) {
    if (block[at + 1] === 1 || block[at + 1] === 2) return at;
  }
  return -1;
}

/** Many a program writes UTF-8 without saying so; what is none is Latin-1. */
function decode(data: Buffer | undefined, isUtf8: boolean): string | null {
  if (!data) return null;
  try {
    return new TextDecoder('utf-8', { fatal: !isUtf8 }).decode(data);
  } catch {
    return data.toString('latin1');
  }
}
