import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { scale } from '../scale.ts';
import { chromiumPath, openBrowser, signIn, signUp, type Visitor, visit } from './browser.ts';
import { startServer, type TestServer } from './server.ts';

const heic = path.join(import.meta.dirname, '../fixtures/photo.heic');

/** When the nth photo of the journey was taken: one every nine days back from New Year's Eve 2025, at the camera's clock. */
function takenAt(nth: number): string {
  return `${new Date(Date.UTC(2025, 11, 31, 18, 30) - nth * 9 * 86_400_000).toISOString().slice(0, 19)}+02:00`;
}

describe.skipIf(!chromiumPath)('the gallery in the browser', () => {
  let server: TestServer;
  let browser: Browser;
  let folder: string;
  const visitors: Visitor[] = [];

  const newVisitor = async (options: Parameters<typeof visit>[2] = {}): Promise<Page> => {
    const visitor = await visit(browser, server.url, options);
    visitors.push(visitor);
    return visitor.page;
  };
  const expectNoErrors = async (): Promise<void> => {
    const errors = visitors.flatMap((visitor) => visitor.errors);
    for (const visitor of visitors.splice(0)) await visitor.close();
    expect(errors).toEqual([]);
  };
  /** A file on disk, as a person's camera folder has it. */
  const save = async (name: string, bytes: Buffer, modified = new Date('2024-02-03T10:00:00Z')): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    await utimes(file, modified, modified);
    return file;
  };
  const small = (seed: number, at = takenAt(seed)): Promise<Buffer> =>
    makePhoto({ width: 900, height: 600, seed, takenAt: at });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tintype-camera-'));
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('sign up, drop thirty photos, look, love, throw away and take back; nobody else sees any of it', async () => {
    const count = scale(28, 28);
    const files: string[] = [];
    // Real size: 12 megapixels each; the PNG has more than 8 MB, so that both ways of sending are taken.
    for (let i = 0; i < count; i++) {
      const isTall = i % 4 === 1;
      const bytes = await makePhoto({
        width: isTall ? 3024 : 4032,
        height: isTall ? 4032 : 3024,
        seed: i,
        takenAt: takenAt(i),
        camera: { make: 'Tintype', model: 'Fixture One' },
      });
      files.push(await save(`IMG_${String(i).padStart(4, '0')}.jpg`, bytes));
    }
    files.push(await save('drawing.png', await makePhoto({ width: 2600, height: 1800, seed: 77, format: 'png' })));
    files.push(heic);

    const page = await newVisitor();
    await signUp(page, 'ines');
    await page.getByRole('heading', { name: 'Blank plates, for now' }).waitFor();
    await watchFirstTile(page);
    const resumable = page.waitForRequest(
      (request) => request.url().includes('/api/v1/uploads') && request.method() === 'PATCH',
    );
    await drop(page, files);

    // The tiles are there before their photos are: 200 ms is the promise, with room for a busy machine.
    await page.locator('.tile').first().waitFor();
    expect(await page.evaluate('firstTileAfter')).toBeLessThan(scale(2000, 2000));
    await page.getByRole('heading', { name: '30 photos added' }).waitFor({ timeout: 100_000 });
    await resumable;
    await page.getByRole('button', { name: 'Close', exact: true }).click();

    // Without a reload, everything stands in date order; the HEIC and the PNG are among them at their own dates.
    const shown = await namesInOrder(page);
    expect(shown).toHaveLength(30);
    expect(shown.map(dateOf)).toEqual(shown.map(dateOf).toSorted().toReversed());
    expect(shown.some((name) => name.startsWith('Photo, 14 June 2024, 09:30'))).toBe(true);
    expect(shown.some((name) => name.startsWith('Photo, 3 February 2024'))).toBe(true);
    await page.reload();
    // A busy machine may bring a month after the walk has gone by.
    await expect.poll(() => namesInOrder(page), { timeout: 30_000 }).toEqual(shown);

    // Open, zoom until the original itself is on the screen.
    await page.evaluate(() => scrollTo(0, 0));
    await tile(page, shown[0] as string).click();
    const opened = page.locator('.lb figure img');
    await page.locator('.lb img[data-quality="preview"]').waitFor();
    expect(page.url()).toMatch(/\/photos\/[0-9a-f-]{36}$/);
    const { x, y, width, height } = (await opened.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(x + width / 2, y + height / 2);
    for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -240);
    await page.locator('.lb img[data-quality="original"]').waitFor();
    expect(Number(await opened.getAttribute('data-scale'))).toBeGreaterThan(2);
    expect(await opened.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(4032);
    await page.keyboard.press('0');
    expect(Number(await opened.getAttribute('data-scale'))).toBe(1);

    // Info: what the camera wrote, and a caption of one's own.
    await page.getByRole('button', { name: 'Info' }).click();
    await page.getByText('Tintype Fixture One').waitFor();
    await page.getByText('Taken, not made').waitFor();
    await page.getByPlaceholder('Add a caption').fill('The harbour, before the rain');
    await page.getByRole('heading', { name: 'Info' }).click();
    await page.getByText('Caption saved').waitFor();
    await page.getByRole('button', { name: 'Close info' }).click();

    // A heart.
    await page.keyboard.press('f');
    await page.locator('.lb [aria-label="Favourite"][aria-pressed="true"]').waitFor();

    // Into the trash and back.
    const imageUrls = await page
      .locator('.strip img, .lb figure img')
      .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).src));
    await page.getByRole('button', { name: 'Move to trash' }).click();
    await page.getByText('1 photo moved to the trash').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Back to photos' }).click();
    await page.waitForURL('**/photos');
    await tile(page, 'The harbour, before the rain. Photo').waitFor();
    expect(await namesInOrder(page)).toHaveLength(30);
    await page.getByRole('link', { name: 'Favourites' }).first().click();
    await page.getByRole('heading', { name: 'Favourites' }).waitFor();
    await page.getByText('1 photo', { exact: true }).first().waitFor();
    await page.screenshot({ path: path.join(folder, 'favourites.png') });

    // Out; somebody else in the same browser has an empty gallery, and the pictures answer 404 to them.
    expect(imageUrls.length).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'ines, your account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL('**/login*');
    await signUp(page, 'tomas');
    await page.getByRole('heading', { name: 'Blank plates, for now' }).waitFor();
    for (const url of new Set(imageUrls)) {
      const status = await page.evaluate(async (address) => (await fetch(address)).status, url);
      expect(status, url).toBe(404);
    }
    const id = /photos\/([0-9a-f-]{36})/.exec(imageUrls[0] as string)?.[1];
    await page.goto(`/photos/${id}`);
    await page.getByRole('heading', { name: 'Nothing here' }).waitFor();
    await expectNoErrors();
  });

  test('by keys alone: choose, open, walk, love, select, throw away, take back', async () => {
    const files = await Promise.all([0, 1, 2, 3, 4].map(async (i) => save(`key-${i}.jpg`, await small(200 + i))));
    const page = await newVisitor();
    await signUp(page, 'keys');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('u')]);
    await chooser.setFiles(files);
    await page.getByRole('heading', { name: '5 photos added' }).waitFor();

    const first = page.locator('.tile a[tabindex="0"]');
    await first.focus();
    const names = await namesInOrder(page);
    await page.evaluate(() => scrollTo(0, 0));
    await tile(page, names[0] as string).focus();
    await page.keyboard.press('ArrowRight');
    expect(await focusedName(page)).toBe(names[1]);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/photos\/.+/);
    await page.locator('.lb img[data-quality="preview"]').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByRole('dialog', { name: names[2] as string }).waitFor();
    await page.keyboard.press('f');
    await page.locator('.lb [aria-label="Favourite"][aria-pressed="true"]').waitFor();
    await page.keyboard.press('i');
    await page.getByRole('complementary', { name: 'Info' }).waitFor();
    // One layer at a time: the panel, then the photo; the tile looked at last has the focus.
    await page.keyboard.press('Escape');
    await page.getByRole('complementary', { name: 'Info' }).waitFor({ state: 'detached' });
    expect(page.url()).toMatch(/\/photos\/.+/);
    await page.keyboard.press('Escape');
    await page.waitForURL('**/photos');
    await expect.poll(() => focusedName(page)).toBe(`${names[2]}, favourite`);

    await page.keyboard.press('x');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    await page.getByText('2 selected', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('2 selected', { exact: true }).waitFor({ state: 'detached' });
    await page.keyboard.press('Delete');
    await page.getByText('1 photo moved to the trash').waitFor();
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await namesInOrder(page)).length).toBe(5);

    // For good is always asked, with the number; Esc keeps them.
    await tile(page, names[4] as string).focus();
    await page.keyboard.press('Shift+Delete');
    await page.getByRole('alertdialog', { name: 'Delete 1 photo for good?' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await namesInOrder(page)).toHaveLength(5);
    await expectNoErrors();
  });

  test('a duplicate is told from a new photo; what fails can be tried again, one or all', async () => {
    const files = await Promise.all([0, 1, 2, 3].map(async (i) => save(`again-${i}.jpg`, await small(300 + i))));
    const notes = await save('notes.txt', Buffer.from('a list of things to photograph, none of them one'));
    const page = await newVisitor();
    await signUp(page, 'again');
    await choose(page, files.slice(0, 1));
    await page.getByRole('heading', { name: '1 photo added' }).waitFor();

    let isDown = true;
    await page.route('**/api/v1/photos?*', (route) =>
      isDown && route.request().method() === 'POST' ? route.abort('connectionreset') : route.continue(),
    );
    await choose(page, [...files.slice(1), notes]);
    await page.getByText('3 failed, 1 not taken').first().waitFor();
    await page.getByText('No picture Tintype can read.').waitFor();
    isDown = false;
    await page.getByRole('button', { name: 'Retry again-2.jpg' }).click();
    await page.getByText('2 failed, 1 not taken').first().waitFor();
    await page.getByRole('button', { name: 'Retry all' }).click();
    await page.getByRole('heading', { name: '4 photos added' }).waitFor();
    await choose(page, files.slice(0, 1));
    await page.getByText(/Already here since \d+ \w+ \d{4}/).waitFor();
    expect(await namesInOrder(page)).toHaveLength(4);
    await page.getByRole('link', { name: 'Show again-0.jpg' }).click();
    await page.locator('.lb figure img').waitFor();
    await expectNoErrors();
  });

  test('what waits survives a reload', async () => {
    const file = await save('patient.jpg', await small(400));
    const page = await newVisitor();
    await signUp(page, 'patient');
    await page.route('**/api/v1/photos?*', (route) => route.abort('connectionreset'));
    await choose(page, [file]);
    await page.getByRole('button', { name: 'Retry patient.jpg' }).waitFor();
    await expect.poll(() => page.evaluate(() => localStorage.getItem('uploads-of'))).not.toBeNull();
    await page.unroute('**/api/v1/photos?*');
    await page.reload();
    await page.getByRole('heading', { name: '1 photo added' }).waitFor();
    expect(await namesInOrder(page)).toHaveLength(1);
    await expectNoErrors();
  });

  test('many photos: few nodes, any year within reach, Back keeps the place, everything matching is one set', async () => {
    const count = scale(160, 2000);
    const page = await newVisitor();
    await signUp(page, 'many');
    await upload(page, count);
    await page.reload();
    await page.locator('.tile img').first().waitFor();
    const nodes = () => page.evaluate(() => document.querySelectorAll('.tl *').length);
    expect(await nodes()).toBeLessThanOrEqual(400);

    // The scrubber reaches the oldest month by one key, and the newest by another.
    const scrubber = page.getByRole('slider', { name: 'Go to a month' });
    await scrubber.focus();
    const newest = await scrubber.getAttribute('aria-valuetext');
    await page.keyboard.press('End');
    await expect.poll(() => scrubber.getAttribute('aria-valuetext')).not.toBe(newest);
    await page.locator('.tile img').last().waitFor();
    expect(await nodes()).toBeLessThanOrEqual(400);

    // Open somewhere deep down; Back finds the same place and the same tile.
    const place = await page.evaluate(() => scrollY);
    expect(place).toBeGreaterThan(500);
    const name = await nameAt(page, 600, 450);
    await page.mouse.click(600, 450);
    await page.locator('.lb figure img').waitFor();
    await page.goBack();
    await expect.poll(() => focusedName(page)).toBe(name);
    expect(await page.evaluate(() => scrollY)).toBe(place);
    await expect.poll(() => nameAt(page, 600, 450)).toBe(name);

    // No picture is asked for while the timeline flies by.
    expect(await mostPicturesWhileFlying(page)).toBe(0);

    // Shift takes both ends and nothing beyond the photo clicked.
    await page.evaluate(() => scrollTo(0, 0));
    await page.locator('.tile').first().waitFor();
    await page.locator('.tile .pick').nth(1).click({ force: true });
    await page
      .locator('.tile .pick')
      .nth(4)
      .click({ force: true, modifiers: ['Shift'] });
    await page.getByText('4 selected', { exact: true }).waitFor();
    await page
      .locator('.tile .pick')
      .nth(2)
      .click({ force: true, modifiers: ['Shift'] });
    await page.getByText('2 selected', { exact: true }).waitFor();

    // Everything matching is known by its number, never listed: one request throws it all away, one brings it back.
    await page.keyboard.press('Control+a');
    await page.getByText(`${formatNumber(count)} selected`, { exact: true }).waitFor();
    await page.locator('.tile .pick').nth(0).click({ force: true });
    const thrown = page.waitForRequest('**/photos/batch/trash');
    await page.keyboard.press('Delete');
    await confirmByKey(page, `Move ${formatNumber(count - 1)} photos to the trash?`);
    expect(await (await thrown).postDataJSON()).toMatchObject({ filter: {}, except: [expect.any(String)] });
    await page.getByText(/moved to the trash/).waitFor();
    await expect.poll(async () => (await namesInOrder(page)).length).toBe(1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => page.locator('.tile').count()).toBeGreaterThan(10);
    await expectNoErrors();
  });

  test('the trash gives back, and deletes for good only after asking', async () => {
    const page = await newVisitor();
    await signIn(page, 'again');
    await page.locator('.tile a').first().waitFor();
    // The second key is pressed before what answers the first is there.
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    await confirmByKey(page, 'Move 4 photos to the trash?');
    await page.getByRole('heading', { name: 'Blank plates, for now' }).waitFor();
    await page.getByRole('link', { name: 'Trash' }).first().click();
    await page.getByRole('heading', { name: 'Trash', exact: true }).waitFor();
    await expect.poll(() => page.getByText('30 days left').count()).toBe(4);
    await page
      .getByRole('button', { name: /^Restore: / })
      .first()
      .click();
    await page.getByText('1 photo back in the gallery').waitFor();
    await page.getByRole('button', { name: 'Empty the trash' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Delete 3 photos for good?' });
    await dialog.getByRole('button', { name: 'Keep them' }).click();
    expect(await page.getByText('30 days left').count()).toBe(3);
    await page.getByRole('button', { name: 'Empty the trash' }).click();
    await dialog.getByRole('button', { name: 'Delete 3 for good' }).click();
    await page.getByRole('heading', { name: 'The trash is empty' }).waitFor();
    await page.getByRole('link', { name: 'Back to photos' }).click();
    await expect.poll(async () => (await namesInOrder(page)).length).toBe(1);
    await expectNoErrors();
  });

  test('search finds names, and says kindly when it finds none', async () => {
    const page = await newVisitor();
    await signIn(page, 'keys');
    await page.locator('.tile a').first().waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('key-3');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '“key-3”' }).waitFor();
    await expect.poll(async () => (await namesInOrder(page)).length).toBe(1);
    await page.goto('/photos?q=nowhere');
    await page.getByRole('heading', { name: 'Nothing under “nowhere”' }).waitFor();
    await expectNoErrors();
  });

  test('the first page takes 60 kB of JavaScript and 12 kB of styles at the most', async () => {
    const page = await newVisitor();
    // Years of photos, so that the way through them is there as well.
    await signIn(page, 'many');
    const fresh = await newVisitor();
    await fresh.context().addCookies(await page.context().cookies());
    // What waits until the page has settled, the stream of changes, is no part of it, however slow the machine.
    await fresh.addInitScript(() => {
      const real = window.setTimeout;
      Object.assign(window, { setTimeout: (run: () => void, ms = 0) => (ms < 1500 ? real(run, ms) : 0) });
    });
    const sent: Record<string, Promise<number>[]> = { '.js': [], '.css': [] };
    fresh.on('response', (response) => {
      const kind = sent[path.extname(new URL(response.url()).pathname)];
      kind?.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
    });
    await fresh.goto('/photos');
    await fresh.locator('.tile img').nth(4).waitFor();
    await fresh.getByRole('slider', { name: 'Go to a month' }).waitFor();
    await fresh.waitForLoadState('networkidle');
    const [scripts, styles] = await Promise.all(
      ['.js', '.css'].map(async (kind) => (await Promise.all(sent[kind] ?? [])).reduce((sum, size) => sum + size, 0)),
    );
    console.log(`The first page: ${scripts} bytes of JavaScript (gzip), ${styles} of styles.`);
    expect(scripts).toBeGreaterThan(10_000);
    expect(scripts).toBeLessThanOrEqual(60_000);
    expect(styles).toBeLessThanOrEqual(12_000);
    await expectNoErrors();
  });

  /** Uploads small photos over the page's own session, spread over years by their files' dates. */
  async function upload(page: Page, count: number): Promise<void> {
    const bytes = await makePhoto({ width: 240, height: 160, seed: 9 });
    const encoded = bytes.toString('base64');
    await page.evaluate(
      async ([base64, total]) => {
        const photo = Uint8Array.from(atob(base64 as string), (sign) => sign.charCodeAt(0));
        let next = 0;
        const send = async () => {
          while (next < (total as number)) {
            const nth = next++;
            const date = new Date(Date.UTC(2025, 5, 1) - nth * 12 * 86_400_000).toISOString();
            // Bytes after the end of the picture make each a file of its own.
            const body = new Blob([photo, `photo ${nth}`]);
            for (;;) {
              const answer = await fetch(`/api/v1/photos?filename=many-${nth}.jpg&modified_at=${date}`, {
                method: 'POST',
                body,
              });
              if (answer.status === 201) break;
              if (answer.status !== 429) throw new Error(`Uploading answered ${answer.status}`);
              await new Promise((resolve) => setTimeout(resolve, 500));
            }
          }
        };
        await Promise.all([send(), send(), send(), send()]);
      },
      [encoded, count] as const,
    );
  }
});

/** A number as the page writes it. */
const formatNumber = (value: number): string => value.toLocaleString('en').replace(',', '\u202f');

/** Says yes to a question by Tab and Enter. */
async function confirmByKey(page: Page, question: string): Promise<void> {
  const dialog = page.getByRole('alertdialog', { name: question });
  await dialog.waitFor();
  const yes = dialog.getByRole('button', { name: /^Move / });
  await expect
    .poll(async () => {
      if (!(await yes.evaluate((button) => button === document.activeElement))) await page.keyboard.press('Tab');
      return yes.evaluate((button) => button === document.activeElement);
    })
    .toBe(true);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
}

/** Notes in the page how long after the drop the first tile stood there, in ms, as `firstTileAfter`. */
async function watchFirstTile(page: Page): Promise<void> {
  await page.evaluate(() => {
    let dropped = 0;
    addEventListener(
      'drop',
      () => {
        dropped = performance.now();
      },
      { capture: true },
    );
    new MutationObserver((_, observer) => {
      if (!document.querySelector('.tile')) return;
      observer.disconnect();
      Object.assign(window, { firstTileAfter: performance.now() - dropped });
    }).observe(document.body, { childList: true, subtree: true });
  });
}

/** Drops files from disk on the page, with the events a browser sends. */
async function drop(page: Page, files: string[]): Promise<void> {
  // Only a file input may read the disk: a hidden one of the test's own hands its files to the drop.
  const input = await page.evaluateHandle(() => {
    const element = document.createElement('input');
    element.type = 'file';
    element.multiple = true;
    return document.body.appendChild(element);
  });
  await input.setInputFiles(files);
  await input.evaluate((element) => {
    const transfer = new DataTransfer();
    for (const file of element.files ?? []) transfer.items.add(file);
    const target = document.querySelector('main') as HTMLElement;
    for (const type of ['dragenter', 'dragover', 'drop'])
      target.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    element.remove();
  });
}

/** Chooses files as the Upload button does. */
async function choose(page: Page, files: string[]): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Upload', exact: true }).click(),
  ]);
  await chooser.setFiles(files);
}

/** The photos' names from the first to the last, by scrolling through the whole timeline. */
async function namesInOrder(page: Page): Promise<string[]> {
  await page.locator('.tile').first().waitFor();
  return page.evaluate(async () => {
    const found = new Map<string, { y: number; x: number; name: string }>();
    const frame = new Promise<void>((resolve) => setTimeout(resolve, 0));
    await frame;
    for (let y = 0; ; y += innerHeight * 0.7) {
      scrollTo(0, y);
      await new Promise((resolve) => setTimeout(resolve, 180));
      for (const tile of document.querySelectorAll<HTMLElement>('.tile')) {
        const box = tile.getBoundingClientRect();
        const name = tile.querySelector('a')?.getAttribute('aria-label') ?? '';
        found.set(tile.dataset.id as string, { y: Math.round(box.top + scrollY), x: box.left, name });
      }
      if (y + innerHeight >= document.documentElement.scrollHeight) break;
    }
    scrollTo(0, 0);
    return [...found.values()].sort((a, b) => a.y - b.y || a.x - b.x).map(({ name }) => name);
  });
}

/** `Photo, 14 June 2024, 09:30` → `2024-06-14T09:30`, to compare. */
function dateOf(name: string): string {
  const [, day = '', month = '', year = '', time = ''] = /(\d+) (\w+) (\d{4}), (\d\d:\d\d)/.exec(name) ?? [];
  const date = new Date(`${day} ${month} ${year} UTC`);
  return `${date.toISOString().slice(0, 10)}T${time}`;
}

function tile(page: Page, name: string) {
  return page.locator(`.tile a[aria-label^="${name}"]`).first();
}

/** The tile at a point of the window. */
function nameAt(page: Page, x: number, y: number): Promise<string | null> {
  return page.evaluate(
    ([left, top]) =>
      document
        .elementFromPoint(left as number, top as number)
        ?.closest('.tile')
        ?.querySelector('a')
        ?.getAttribute('aria-label') ?? null,
    [x, y],
  );
}

/** Name of the tile that has the focus. */
function focusedName(page: Page): Promise<string | null> {
  return page.evaluate(() => document.activeElement?.closest('.tile a')?.getAttribute('aria-label') ?? null);
}

/** How many pictures at most were asked for during a flight over the whole timeline. */
function mostPicturesWhileFlying(page: Page): Promise<number> {
  return page.evaluate(async () => {
    scrollTo(0, 0);
    await new Promise((resolve) => setTimeout(resolve, 600));
    const before = new Set(document.querySelectorAll('.tile img'));
    let made = 0;
    const observer = new MutationObserver((records) => {
      for (const { addedNodes } of records)
        for (const node of addedNodes)
          if (node instanceof Element) {
            const images = node.matches('img') ? [node] : [...node.querySelectorAll('img')];
            made += images.filter((image) => !before.has(image)).length;
          }
    });
    observer.observe(document.querySelector('.tl') as Element, { childList: true, subtree: true });
    const most = document.documentElement.scrollHeight - innerHeight;
    // 40 px a millisecond by the clock, however long a frame takes: far above what the eye follows.
    const start = performance.now() - 20;
    for (let y = 0; y < most; y = (performance.now() - start) * 40) {
      scrollTo(0, y);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    observer.disconnect();
    return made;
  });
}
