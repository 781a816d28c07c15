import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContextOptions, Locator, Page, Response } from 'playwright-core';
import decodeQR from 'qr/decode.js';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { scale } from '../scale.ts';
import { chromiumPath, openBrowser, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

/** Colours in the middle of a transition are nobody's choice; axe is a script that the page's policy would not run. */
const examined: BrowserContextOptions = { reducedMotion: 'reduce', bypassCSP: true };
const phone: BrowserContextOptions = { ...examined, viewport: { width: 390, height: 844 } };

describe.skipIf(!chromiumPath)('links, by keyboard alone', () => {
  let server: TestServer;
  let browser: Browser;
  let owner: Visitor;
  let page: Page;
  let ids: string[];
  const guests: Visitor[] = [];

  const asGuest = async (options: BrowserContextOptions = {}): Promise<Page> => {
    const guest = await visit(browser, server.url, options);
    guests.push(guest);
    return guest.page;
  };
  const expectNoErrors = async (): Promise<void> => {
    const errors = guests.flatMap((guest) => guest.errors);
    for (const guest of guests.splice(0)) await guest.close();
    expect([...errors, ...owner.errors]).toEqual([]);
  };
  /** Asks the API as the owner. */
  const api = async (method: 'GET' | 'POST', path: string, data?: unknown) => {
    const answer = await page.request.fetch(`/api/v1${path}`, { method, data, headers: { origin: server.url } });
    expect([200, 201, 204]).toContain(answer.status());
    return answer.status() === 204 ? null : answer.json();
  };
  const makeLink = (fields: Record<string, unknown>): Promise<{ url: string; access_key: string }> =>
    api('POST', '/share/create', fields);

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
    owner = await visit(browser, server.url, examined);
    page = owner.page;
    await signUp(page, 'ines');
    ids = [];
    for (let seed = 0; seed < scale(4, 4); seed++) {
      const answer = await page.request.post(`/api/v1/photos?filename=IMG_${seed}.jpg`, {
        headers: { 'content-type': 'image/jpeg', origin: server.url },
        data: await makePhoto({
          width: seed === 1 ? 800 : 1200,
          height: seed === 1 ? 1200 : 800,
          seed,
          takenAt: `2026-10-2${3 + seed}T09:30:00+02:00`,
          camera: { make: 'Tintype', model: 'Fixture One' },
        }),
      });
      expect(answer.status()).toBe(201);
      ids.push(((await answer.json()) as { id: string }).id);
    }
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('album, add, reorder, share with a password; the guest unlocks and cannot download; the owner allows; the guest can', async () => {
    // An album, its photos, and the last of them put first.
    await page.goto('/albums');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('n');
    await page.getByLabel('Name').waitFor();
    await page.keyboard.type('Lakes in October');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/albums\/[0-9a-f-]{36}$/);
    const album = page.url().split('/').at(-1) as string;
    await press(page, page.getByRole('button', { name: 'Add photos' }).first());
    const choosing = page.getByRole('dialog', { name: 'Add photos' });
    await choosing.getByRole('checkbox').nth(3).waitFor();
    await page.keyboard.press('ArrowDown');
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('Space');
      await page.keyboard.press('ArrowRight');
    }
    await page.keyboard.press('Control+Enter');
    await choosing.waitFor({ state: 'detached' });
    const orderNow = async (): Promise<string[]> =>
      ((await api('GET', `/albums/${album}/photos`)) as { items: { id: string }[] }).items.map(({ id }) => id);
    const before = await orderNow();
    expect(before.toSorted()).toEqual(ids.toSorted());
    const last = before.at(-1) as string;
    await tabTo(page, page.locator(`.tile[data-id="${before[0]}"] a`));
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
    await focused(page.locator(`.tile[data-id="${last}"] a`));
    await page.keyboard.press('m');
    await page.getByRole('region', { name: 'Moving photos' }).waitFor();
    for (let i = 2; i >= 0; i--) {
      await page.keyboard.press('ArrowLeft');
      await focused(page.locator(`.tile[data-id="${before[i]}"] a`));
    }
    await page.keyboard.press('Enter');
    await expect.poll(orderNow).toEqual([last, ...before.slice(0, -1)]);

    // A link, made only when asked for, with a password that the page thought of.
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await press(page, page.getByRole('button', { name: 'Share', exact: true }));
    const dialog = page.getByRole('dialog', { name: /Share “Lakes in October”/ });
    await dialog.getByRole('button', { name: 'Make a link' }).waitFor();
    expect(await api('GET', '/share-links')).toMatchObject({ total: 0 });
    expect(await findViolations(page)).toEqual([]);
    await press(page, dialog.getByRole('button', { name: 'Make a link' }));
    const url = await dialog.getByLabel('Link', { exact: true }).inputValue();
    expect(url).toMatch(/\/s\/[\w-]{43}$/);
    await focused(dialog.getByRole('button', { name: 'Copy', exact: true }));
    await tabTo(page, dialog.getByRole('switch', { name: 'Ask for a password' }));
    await page.keyboard.press('Space');
    const field = dialog.getByLabel('Password', { exact: true });
    await field.waitFor();
    await dialog.getByText('Saved').waitFor();
    const password = await field.inputValue();
    expect(password).toMatch(/^[a-z]+-[a-z]+-[a-z]+-\d\d$/);
    expect(await readQr(await dialog.locator('svg[role="img"]').screenshot())).toBe(url);
    expect(await findViolations(page)).toEqual([]);

    // The guest, who has no account here.
    const guest = await asGuest(examined);
    await guest.goto(url);
    await guest.getByRole('heading', { name: 'Photos, behind a password' }).waitFor();
    expect(await guest.title()).not.toContain('Lakes');
    expect(await findViolations(guest)).toEqual([]);
    await guest.keyboard.type('not the password');
    await guest.keyboard.press('Enter');
    await guest.getByText('That is not the password of this link.').waitFor();
    expect(await findViolations(guest)).toEqual([]);
    await guest.keyboard.type(password);
    await guest.keyboard.press('Enter');
    await guest.getByRole('heading', { name: 'Lakes in October' }).waitFor();
    await guest.getByText('4 photos, 23 to 26 October 2026').waitFor();
    await guest.locator('li img').nth(3).waitFor();
    expect(await findViolations(guest)).toEqual([]);

    // Look at them, in the owner's order, and come back to where one was.
    await tabTo(guest, guest.getByRole('list', { name: 'Photos' }).getByRole('link').first());
    await guest.keyboard.press('Enter');
    const opened = guest.getByRole('dialog');
    await opened.getByText('1 of 4').waitFor();
    await guest.waitForURL(`${url}/${last}`);
    await guest.locator('figure img[data-quality="preview"]').waitFor();
    expect(await findViolations(guest)).toEqual([]);
    await guest.keyboard.press('ArrowRight');
    await opened.getByText('2 of 4').waitFor();
    await guest.goBack();
    await opened.waitFor({ state: 'detached' });
    await focused(guest.locator(`a[href$="${before[0]}"]`));

    // What is not offered is not given either.
    expect(await guest.getByText('Download').count()).toBe(0);
    const key = new URL(url).pathname;
    const statusOf = (path: string) => guest.evaluate(async (to) => (await fetch(to)).status, key + path);
    expect(await statusOf(`/photos/${last}/preview`)).toBe(200);
    expect(await statusOf(`/photos/${last}/original`)).toBe(403);
    expect(await statusOf('/download')).toBe(403);

    await tabTo(page, dialog.getByLabel('Download the originals'));
    await page.keyboard.press('Space');
    await dialog.getByText('Saved').waitFor();
    await guest.reload();
    const all = guest.getByRole('link', { name: /Download all/ });
    await tabTo(guest, all);
    const [download] = await Promise.all([guest.waitForEvent('download'), guest.keyboard.press('Enter')]);
    expect(download.suggestedFilename()).toMatch(/Lakes in October.*\.zip$/);
    const zip = await readFile(await download.path());
    expect(zip.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
    for (let seed = 0; seed < 4; seed++) expect(zip.includes(`IMG_${seed}.jpg`)).toBe(true);
    expect(await statusOf(`/photos/${last}/original`)).toBe(200);

    // Visits are counted, and the owner ends them all.
    await dialog.getByText('Opened once').waitFor();
    await press(page, dialog.getByRole('button', { name: 'Close the link now' }));
    await page.getByRole('alertdialog').waitFor();
    await press(page, page.getByRole('button', { name: 'Close the link', exact: true }));
    await dialog.getByRole('button', { name: 'Make a link' }).waitFor();
    await guest.reload();
    await guest.getByRole('heading', { name: 'This link is closed' }).waitFor();
    expect(await findViolations(guest)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expectNoErrors();
  });

  test('a link that counts its visits is opened by a button, once', async () => {
    const album = (await api('POST', '/albums', { name: 'Small things', photo_ids: ids })) as { id: string };
    const { url } = await makeLink({ album_id: album.id, max_views: 1 });
    const guest = await asGuest(phone);
    await guest.goto(url);
    await guest.getByRole('heading', { name: 'Photos, for you to open' }).waitFor();
    expect(await findViolations(guest)).toEqual([]);
    await press(guest, guest.getByRole('button', { name: 'Open' }));
    await guest.getByRole('heading', { name: 'Small things' }).waitFor();
    await guest.locator('li img').first().waitFor();
    expect(await findViolations(guest)).toEqual([]);
    // The visit goes on; another one is too many.
    await guest.reload();
    await guest.getByRole('heading', { name: 'Small things' }).waitFor();
    const second = await asGuest(phone);
    await second.goto(url);
    await second.getByRole('heading', { name: 'This link is closed' }).waitFor();

    // The owner sees it among what was shared, and lets more in.
    await page.goto('/shared');
    await page.getByText('All visits used').waitFor();
    expect(await findViolations(page)).toEqual([]);
    await press(page, page.getByRole('button', { name: 'Change the link to Small things' }));
    const dialog = page.getByRole('dialog', { name: /Small things/ });
    await dialog.getByText('Its one visit has been used').waitFor();
    await tabTo(page, dialog.getByLabel('How many visits'));
    await page.keyboard.press('Control+a');
    await page.keyboard.type('5');
    await page.keyboard.press('Enter');
    await dialog.getByText('Saved').waitFor();
    expect(await findViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await second.reload();
    await second.getByRole('button', { name: 'Open' }).waitFor();
    await expectNoErrors();
  });

  test('guests add their own photos where they may, and hear why one is not taken', async () => {
    const album = (await api('POST', '/albums', { name: 'Everybody’s', photo_ids: ids.slice(0, 1) })) as { id: string };
    const { url } = await makeLink({ album_id: album.id, allow_upload: true, show_metadata: true });
    const guest = await asGuest(examined);
    await guest.goto(url);
    await guest.locator('li img').first().waitFor();
    const add = guest.getByRole('button', { name: 'Add photos' });
    await tabTo(guest, add);
    const [chooser] = await Promise.all([guest.waitForEvent('filechooser'), guest.keyboard.press('Enter')]);
    await chooser.setFiles([
      { name: 'theirs.jpg', mimeType: 'image/jpeg', buffer: await makePhoto({ width: 900, height: 600, seed: 40 }) },
      { name: 'broken.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture at all') },
    ]);
    const list = guest.getByRole('region', { name: 'Photos you add' });
    await list.getByRole('heading', { name: '1 photo added' }).waitFor();
    await list.getByText('1 could not be added').waitFor();
    expect(await findViolations(guest)).toEqual([]);
    await guest.getByText('2 photos').waitFor();
    expect(await guest.getByRole('list', { name: 'Photos' }).getByRole('link').count()).toBe(2);

    // Camera and place, as this link shows them.
    await tabTo(guest, guest.getByRole('list', { name: 'Photos' }).getByRole('link').first());
    await guest.keyboard.press('Enter');
    await guest.locator('figure img').waitFor();
    await guest.keyboard.press('i');
    await guest.getByText('Tintype Fixture One').waitFor();
    expect(await findViolations(guest)).toEqual([]);
    await guest.keyboard.press('Escape');
    await guest.keyboard.press('Escape');
    await guest.getByRole('dialog').waitFor({ state: 'detached' });
    await expectNoErrors();
  });

  test('a link to one photo, an address that is none, and a page without JavaScript', async () => {
    // From the selection, and from the opened photo, which has the link already.
    await page.goto('/photos');
    await tabTo(page, page.locator('.tile a[tabindex="0"]'));
    // The newest is what a guest has added above.
    await page.keyboard.press('ArrowRight');
    await focused(page.locator(`.tile[data-id="${ids[3]}"] a`));
    await page.keyboard.press('x');
    await press(page, page.getByRole('region', { name: '1 selected' }).getByRole('button', { name: 'Share' }));
    const dialog = page.getByRole('dialog', { name: /Share “IMG_3.jpg”/ });
    await press(page, dialog.getByRole('button', { name: 'Make a link' }));
    const url = await dialog.getByLabel('Link', { exact: true }).inputValue();
    await page.goto(`/photos/${ids[3]}`);
    await page.getByRole('button', { name: 'Info' }).waitFor();
    await page.keyboard.press('s');
    await dialog.getByRole('button', { name: 'Copy' }).waitFor();
    expect(await dialog.getByLabel('Link', { exact: true }).inputValue()).toBe(url);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await findViolations(page)).toEqual([]);
    await press(page, dialog.getByRole('button', { name: 'Show the QR code' }));
    expect(await readQr(await dialog.locator('svg[role="img"]').screenshot())).toBe(url);
    expect(await findViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press('Escape');

    const guest = await asGuest(phone);
    await guest.goto(url);
    await guest.getByRole('heading', { level: 1 }).waitFor();
    await press(guest, guest.getByRole('link', { name: 'Look closer' }));
    await guest.locator('figure img[data-quality="preview"]').waitFor();
    expect(await findViolations(guest)).toEqual([]);
    await guest.keyboard.press('Escape');
    await focused(guest.getByRole('link', { name: 'Look closer' }));
    expect(await findViolations(guest)).toEqual([]);
    const answer = await guest.goto(`/s/${'x'.repeat(43)}`);
    expect(answer?.status()).toBe(404);
    await guest.getByRole('heading', { name: 'Nothing at this address' }).waitFor();
    expect(await findViolations(guest)).toEqual([]);

    const plain = await asGuest({ javaScriptEnabled: false });
    await plain.goto(url);
    expect(await plain.title()).toBe('IMG_3.jpg · Tintype');
    expect(await plain.locator('noscript').textContent()).toMatch(/IMG_3\.jpg.*need JavaScript/s);
    await expectNoErrors();
  });

  test('the guest’s page takes 40 kB of JavaScript at the most, and asks the API for nothing', async () => {
    const album = (await api('POST', '/albums', { name: 'Weighed', photo_ids: ids })) as { id: string };
    const { url } = await makeLink({ album_id: album.id, allow_download: true });
    // In the owner's own browser, whose session must stay out of it.
    const weighed = await owner.context.newPage();
    const scripts: Promise<number>[] = [];
    const asked: string[] = [];
    weighed.on('response', (response: Response) => {
      const path = new URL(response.url()).pathname;
      asked.push(path);
      if (path.endsWith('.js')) scripts.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
    });
    await weighed.goto(url);
    await weighed.locator('li img').nth(3).waitFor();
    await weighed.waitForLoadState('networkidle');
    const bytes = (await Promise.all(scripts)).reduce((sum, size) => sum + size, 0);
    console.log(`The guest's page: ${bytes} bytes of JavaScript (gzip) in ${scripts.length} files.`);
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThanOrEqual(40_000);
    expect(asked.filter((path) => path.startsWith('/api/'))).toEqual([]);
    await weighed.close();
    await expectNoErrors();
  });
});

/** Whether the focus comes to rest on an element. */
async function focused(target: Locator): Promise<void> {
  await target.waitFor();
  await expect.poll(() => target.evaluate((element) => element === document.activeElement)).toBe(true);
}

/** Goes to an element as somebody without a pointer does. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let i = 0; i < 80; i++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${target}.`);
}

async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

/** What a phone's camera reads from a picture of a QR code. */
async function readQr(picture: Buffer): Promise<string> {
  const { data, info } = await sharp(picture)
    .extend({ top: 40, bottom: 40, left: 40, right: 40, background: '#fff' })
    .resize({ width: 800, kernel: 'nearest' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return decodeQR({ width: info.width, height: info.height, data });
}
