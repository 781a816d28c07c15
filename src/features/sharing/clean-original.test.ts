import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import ExifReader from 'exifreader';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type Person } from '../../../test/app.ts';
import { makePhoto } from '../../../test/fixtures/photo.ts';
import { asGuest, createLink, type LinkOptions, type MadeLink } from '../../../test/links.ts';

const app = await createTestApp();
let owner: Person;
beforeAll(async () => {
  owner = await app.signUp();
});

const xmp =
  '<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="canary-xmp"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>';
const taken = {
  takenAt: '2024-06-14T09:30:00+02:00',
  camera: { make: 'canary-make', model: 'canary-model', lens: 'canary-lens' },
  gps: { latitude: 47.5, longitude: 13.6, altitude: 508 },
};
const canary = /canary-[a-z]+|Tintype fixture|Fixture One|2024:06:14|35mm f\/2\.8/g;
const canariesIn = (bytes: Buffer): string[] => [...bytes.toString('latin1').matchAll(canary)].map(([text]) => text);

/** A segment of a JPEG, behind its first two bytes. */
function withSegment(jpeg: Buffer, code: number, payload: string): Buffer {
  const head = Buffer.from([0xff, code, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, Buffer.from(payload, 'latin1'), jpeg.subarray(2)]);
}

async function still(format: 'jpeg' | 'png' | 'webp' | 'avif', seed: number): Promise<Buffer> {
  const file = await makePhoto({ width: 64, height: 48, seed, format, orientation: 6, icc: 'p3', ...taken });
  return sharp(file).keepMetadata().withXmp(xmp).toFormat(format).toBuffer();
}

const files: Readonly<Record<string, () => Promise<Buffer>>> = {
  'a.jpg': async () => {
    const iptc = withSegment(
      await still('jpeg', 1),
      0xed,
      'Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x11\x1c\x02\x78\0\x0bcanary-iptc\0',
    );
    return Buffer.concat([withSegment(iptc, 0xfe, 'canary-comment'), Buffer.from('canary-film')]);
  },
  'b.png': async () => {
    const png = await still('png', 2);
    const text = Buffer.from('\0\0\0\x13tEXtComment\0canary-text\0\0\0\0', 'latin1');
    text.writeUInt32BE(crc32(text.subarray(4, -4)), text.length - 4);
    return Buffer.concat([png.subarray(0, 33), text, png.subarray(33)]);
  },
  'c.webp': () => still('webp', 3),
  'd.avif': () => still('avif', 4),
  'e.gif': async () => {
    const gif = await sharp(await makePhoto({ width: 64, height: 48, seed: 5 }))
      .gif()
      .toBuffer();
    const at = 13 + 3 * 2 ** (((gif[10] as number) & 7) + 1);
    const comment = Buffer.from('\x21\xfe\x0ecanary-comment\0', 'latin1');
    return Buffer.concat([gif.subarray(0, at), comment, gif.subarray(at)]);
  },
  'f.heic': async () => readFileSync(join(import.meta.dirname, '../../../test/fixtures/photo.heic')),
};

const kept = new Map<string, Promise<{ id: string; file: Buffer }>>();
/** One of the files, in the owner's library. */
function have(name: string): Promise<{ id: string; file: Buffer }> {
  const known =
    kept.get(name) ??
    files[name]?.().then(async (file) => ({ id: (await app.upload(owner, file, `canary-${name}`)).id, file }));
  if (!known) throw new Error(`There is no ${name}.`);
  kept.set(name, known);
  return known;
}
const linkTo = (options: LinkOptions) => createLink(app, owner, { allow_download: true, ...options });
const originalOf = (link: MadeLink, id: string, headers: Record<string, string> = {}, method = 'GET') =>
  asGuest(app, link, null, method, `/photos/${id}/original`, { headers });
const blobsOf = (file: Buffer): string[] => {
  const hash = createHash('sha256').update(file).digest('hex');
  return (readdirSync(app.dataDir, { recursive: true }) as string[]).filter((name) => name.includes(hash)).sort();
};

describe.each(Object.keys(files))('%s', (name) => {
  test('is given without what it tells beside the picture, and the picture as it was', async () => {
    const { id, file } = await have(name);
    expect(canariesIn(file).length).toBeGreaterThan(0);
    const link = await linkTo({ photo_id: id });
    const given = await originalOf(link, id);
    const own = await app.request(owner, 'GET', `/api/v1/photos/${id}`);
    expect([given.status, given.headers['content-type']]).toEqual([200, own.headers['content-type']]);
    expect(own.body.equals(file)).toBe(true);
    expect(canariesIn(given.body)).toEqual([]);
    expect(metadataIn(given.body)).toEqual([]);
    await requireSamePicture(name, file, given.body);

    const [head, part, whole] = [
      await originalOf(link, id, {}, 'HEAD'),
      await originalOf(link, id, { range: 'bytes=10-99' }),
      await app.request(null, 'GET', link.path, { headers: { accept: 'image/*' } }),
    ];
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, `${given.body.length}`, 0]);
    expect([part.status, part.body.equals(given.body.subarray(10, 100))]).toEqual([206, true]);
    expect([whole.status, whole.body.equals(given.body)]).toEqual([200, true]);
    const saved = await asGuest(app, link, null, 'GET', `/photos/${id}/original?download=1`);
    expect([saved.body.equals(given.body), saved.headers['content-disposition']]).toEqual([
      true,
      expect.stringContaining(`canary-${name}`),
    ]);
  });

  test('is given as it is where its owner shows what it tells', async () => {
    const { id, file } = await have(name);
    const link = await linkTo({ photo_id: id, show_metadata: true });
    const given = await originalOf(link, id);
    expect([given.status, given.body.equals(file)]).toEqual([200, true]);
  });

  test('tells nothing in the smaller sizes, whatever the link shows', async () => {
    const { id } = await have(name);
    for (const show of [false, true]) {
      const link = await linkTo({ photo_id: id, show_metadata: show });
      for (const variant of ['preview', 'medium', 'small']) {
        const { status, body } = await asGuest(app, link, null, 'GET', `/photos/${id}/${variant}`);
        expect([status, canariesIn(body), metadataIn(body)]).toEqual([200, [], []]);
      }
    }
  });
});

describe('a change of the owner’s mind', () => {
  test('holds for bytes that a browser has kept', async () => {
    const { id, file } = await have('a.jpg');
    const link = await linkTo({ photo_id: id, show_metadata: true });
    const shown = await originalOf(link, id);
    const again = { 'if-none-match': String(shown.headers.etag) };
    expect((await originalOf(link, id, again)).status).toBe(304);
    await app.request(owner, 'PATCH', `/api/v1/share-links/${link.id}`, { json: { show_metadata: false } });
    const cleaned = await originalOf(link, id, again);
    expect([cleaned.status, canariesIn(cleaned.body)]).toEqual([200, []]);
    const resumed = await originalOf(link, id, { range: 'bytes=0-99', 'if-range': String(shown.headers.etag) });
    expect([resumed.status, resumed.body.equals(cleaned.body)]).toEqual([200, true]);
    await app.request(owner, 'PATCH', `/api/v1/share-links/${link.id}`, { json: { show_metadata: true } });
    const back = await originalOf(link, id, { 'if-none-match': String(cleaned.headers.etag) });
    expect([back.status, back.body.equals(file)]).toEqual([200, true]);
  });
});

describe('what is said of a photo', () => {
  const details = async (link: MadeLink, id: string) => {
    const paths = ['', '/layout', `/photos/${id}`];
    const answers = await Promise.all(paths.map((path) => asGuest(app, link, null, 'GET', path)));
    return { photo: answers[2]?.json(), text: answers.map(({ text }) => text).join('\n') };
  };

  test('is its clock without the offset, no camera, no settings and no place', async () => {
    const { id } = await have('a.jpg');
    const { photo, text } = await details(await linkTo({ photo_id: id }), id);
    expect(photo).toMatchObject({ camera: null, exposure: null, location: null, taken_at: '2024-06-14T09:30:00Z' });
    expect(text).not.toMatch(/canary-(make|model|lens)|47\.5|13\.6|\+02:00|07:30/);
  });

  test('is all of that where the owner shows it', async () => {
    const { id } = await have('a.jpg');
    const { photo } = await details(await linkTo({ photo_id: id, show_metadata: true }), id);
    expect(photo).toMatchObject({
      taken_at: '2024-06-14T09:30:00+02:00',
      camera: taken.camera,
      location: { latitude: expect.closeTo(47.5, 3), longitude: expect.closeTo(13.6, 3) },
    });
  });
});

describe('a zip', () => {
  test('holds what each photo alone is given as', async () => {
    const all = await Promise.all(Object.keys(files).map(have));
    const ids = all.map(({ id }) => id);
    const album = await app.request(owner, 'POST', '/api/v1/albums', { json: { name: 'All', photo_ids: ids } });
    for (const show of [false, true]) {
      const link = await linkTo({ album_id: album.json().id, show_metadata: show });
      const zip = await asGuest(app, link, null, 'GET', '/download');
      const entries = entriesOf(zip.body);
      expect(entries.map(({ name }) => name)).toEqual(Object.keys(files).map((name) => `canary-${name}`));
      for (const [n, { bytes }] of entries.entries()) {
        const alone = (await originalOf(link, ids[n] as string)).body;
        expect([n, bytes.equals(alone)]).toEqual([n, true]);
        expect(canariesIn(bytes).length > 0).toBe(show);
      }
      // Beside the clock that is shown, the instant would tell the offset.
      expect(entries[0]?.modifiedAt).toBe(show ? '2024-06-14T07:30:00.000Z' : '2024-06-14T09:30:00.000Z');
    }
  });
});

describe('the work', () => {
  test('is done once, however many ask, leaves nothing half done, and goes with its photo', async () => {
    const file = await makePhoto({ width: 900, height: 600, seed: 77, ...taken });
    const { id } = await app.upload(owner, file);
    const [one, other] = [await linkTo({ photo_id: id }), await linkTo({ photo_id: id })];
    expect(blobsOf(file).filter((path) => path.endsWith('.cleaned'))).toEqual([]);
    const given = await Promise.all(Array.from({ length: 24 }, (_, n) => originalOf(n % 2 ? one : other, id)));
    expect(new Set(given.map(({ status }) => status))).toEqual(new Set([200]));
    expect(given.every(({ body }) => body.equals(given[0]?.body as Buffer) && canariesIn(body).length === 0)).toBe(
      true,
    );
    expect(blobsOf(file).filter((path) => path.endsWith('.cleaned'))).toHaveLength(1);
    expect(readdirSync(join(app.dataDir, 'tmp'))).toEqual([]);

    await app.request(owner, 'DELETE', `/api/v1/photos/${id}`);
    await app.request(owner, 'POST', '/api/v1/photos/batch/purge', { json: { ids: [id] } });
    await expect.poll(() => blobsOf(file)).toEqual([]);
  });

  test('that cannot be done gives the preview, under a name that fits, and never the file', async () => {
    const avif = await still('avif', 9);
    const film = Buffer.from('\0\0\0\x14moovcanary-film!', 'latin1');
    const { id } = await app.upload(owner, Buffer.concat([avif, film]), 'garden.avif');
    const link = await linkTo({ photo_id: id });
    const preview = await asGuest(app, link, null, 'GET', `/photos/${id}/preview`);
    const given = await asGuest(app, link, null, 'GET', `/photos/${id}/original?download=1`);
    expect([given.status, given.headers['content-type']]).toEqual([200, preview.headers['content-type']]);
    expect([given.body.equals(preview.body), canariesIn(given.body)]).toEqual([true, []]);
    expect(given.headers['content-disposition']).toContain('filename="garden.jpg"');
    const zip = await asGuest(app, link, null, 'GET', '/download');
    expect(entriesOf(zip.body)).toMatchObject([{ name: 'garden.jpg', bytes: preview.body }]);
    expect(readdirSync(join(app.dataDir, 'tmp'))).toEqual([]);
  });
});

describe('how a picture came to be is said in what guests get', () => {
  const sourceIn = (bytes: Buffer): string | undefined =>
    /digitalsourcetype\/([A-Za-z]+)/.exec(bytes.toString('latin1'))?.[1];
  const takeOut = async (link: MadeLink, id: string): Promise<Buffer[]> => {
    const [file, saved, zip] = [
      await originalOf(link, id),
      await asGuest(app, link, null, 'GET', `/photos/${id}/original?download=1`),
      await asGuest(app, link, null, 'GET', '/download'),
    ];
    const [entry] = entriesOf(zip.body);
    return [file.body, saved.body, entry?.bytes as Buffer];
  };

  test('of a style, with its metadata and without', async () => {
    const photo = await app.upload(owner, await makePhoto({ width: 300, height: 200, seed: 91, ...taken }));
    const styled = await app.request(owner, 'POST', `/api/v1/photos/${photo.id}/styles`, {
      json: { style: 'vintage' },
    });
    const { id } = styled.json();
    for (const showsMetadata of [true, false]) {
      const link = await linkTo({ photo_id: id, show_metadata: showsMetadata });
      expect((await takeOut(link, id)).map(sourceIn)).toEqual(Array(3).fill('algorithmicallyEnhanced'));
    }
  });

  test.each(['jpeg', 'png', 'webp'] as const)('of a file that says so itself, as %s', async (format) => {
    const says = xmp.replace(
      'dc:format="canary-xmp"',
      'dc:format="canary-xmp" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"',
    );
    const file = await sharp(await makePhoto({ width: 64, height: 48, seed: 92 }))
      .withXmp(says)
      .toFormat(format)
      .toBuffer();
    const { id } = await app.upload(owner, file, `made.${format}`);
    const link = await linkTo({ photo_id: id });
    for (const given of await takeOut(link, id)) {
      expect([sourceIn(given), canariesIn(given)]).toEqual(['trainedAlgorithmicMedia', []]);
      await requireSamePicture('made', file, given);
    }
    const shown = await linkTo({ photo_id: id, show_metadata: true });
    for (const given of await takeOut(shown, id)) expect(given.equals(file)).toBe(true);
  });

  test('of a photo that says nothing, nothing', async () => {
    const { id } = await have('a.jpg');
    for (const given of await takeOut(await linkTo({ photo_id: id }), id)) expect(sourceIn(given)).toBeUndefined();
  });
});

/** What is found beside orientation, profile and what describes the coding. */
function metadataIn(file: Buffer): string[] {
  const read = ExifReader.load(file, { expanded: true });
  const groups = (['gps', 'iptc', 'xmp', 'makerNotes', 'photoshop'] as const).filter(
    (group) => Object.keys(read[group] ?? {}).length > 0,
  );
  return [...groups, ...Object.keys(read.exif ?? {}).filter((name) => name !== 'Orientation')];
}

async function requireSamePicture(name: string, before: Buffer, after: Buffer): Promise<void> {
  if (name.endsWith('.heic')) {
    // What our own decoder cannot read here: no byte moved, and what changed is empty.
    expect(after.length).toBe(before.length);
    const changed = [...after].filter((byte, at) => byte !== before[at] && byte !== 0);
    expect(Buffer.from(changed).toString().replaceAll('free', '')).toBe('');
    return;
  }
  const [was, is] = await Promise.all([before, after].map((bytes) => sharp(bytes).raw().toBuffer()));
  expect(is?.equals(was as Buffer)).toBe(true);
  const [wasMeta, isMeta] = await Promise.all([before, after].map((bytes) => sharp(bytes).metadata()));
  expect([isMeta?.orientation ?? 1, isMeta?.icc?.length]).toEqual([wasMeta?.orientation ?? 1, wasMeta?.icc?.length]);
  const [wasTurned, isTurned] = await Promise.all(
    [before, after].map((bytes) => sharp(bytes).autoOrient().raw().toBuffer()),
  );
  expect(isTurned?.equals(wasTurned as Buffer)).toBe(true);
}

/** The files of a zip that stores them, and the time that each was last changed (APPNOTE 4.3.12; Info-ZIP's `UT`). */
function entriesOf(zip: Buffer): { name: string; bytes: Buffer; modifiedAt: string }[] {
  const entries = [];
  for (let at = zip.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    const [size, nameLength] = [zip.readUInt32LE(at + 24), zip.readUInt16LE(at + 28)];
    const local = zip.readUInt32LE(at + 42);
    const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const extra = zip.subarray(at + 46 + nameLength, at + 46 + nameLength + zip.readUInt16LE(at + 30));
    entries.push({
      name: zip.toString('utf8', at + 46, at + 46 + nameLength),
      bytes: zip.subarray(start, start + size),
      modifiedAt: new Date(extra.readUInt32LE(extra.indexOf('UT') + 5) * 1000).toISOString(),
    });
  }
  return entries;
}
