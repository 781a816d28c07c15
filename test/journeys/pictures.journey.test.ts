import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { chromiumPath, openBrowser, password, signIn, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

const heic = path.join(import.meta.dirname, '../fixtures/photo.heic');

describe.skipIf(!chromiumPath)('pictures of people', () => {
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
  const save = async (name: string, bytes: Buffer | string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, bytes);
    return file;
  };
  const photo = (name: string, seed: number): Promise<string> =>
    makePhoto({ width: 900, height: 600, seed, takenAt: `2025-03-0${seed}T10:00:00+02:00` }).then((bytes) =>
      save(name, bytes),
    );
  /** Red on the left, blue on the right; the file lies on its side, as a phone's do. */
  const halves = async (): Promise<string> => {
    const blue = await sharp({ create: { width: 600, height: 600, channels: 3, background: '#1030e0' } })
      .png()
      .toBuffer();
    const upright = await sharp({ create: { width: 1200, height: 600, channels: 3, background: '#e01010' } })
      .composite([{ input: blue, left: 600, top: 0 }])
      .png()
      .toBuffer();
    return save('halves.jpg', await sharp(upright).rotate(-90).withMetadata({ orientation: 6 }).jpeg().toBuffer());
  };

  const editor = (page: Page, name = 'Your picture') => page.getByRole('region', { name });
  const mine = (page: Page) => page.locator('header .oval img, [aria-label$="your account"] .oval img').first();
  /** The address of one's own picture that the header shows; null where it shows initials. */
  const shown = (page: Page): Promise<string | null> =>
    page.evaluate(() => {
      const image = document.querySelector<HTMLImageElement>('[aria-label$="your account"] .oval img');
      return image?.complete && image.naturalWidth > 0 ? image.currentSrc : null;
    });
  const versionOf = (url: string | null): string | null => (url ? new URL(url).searchParams.get('v') : null);
  const press = async (target: Locator, key = 'Enter'): Promise<void> => {
    await target.focus();
    await target.press(key);
  };
  const focused = (target: Locator): Promise<void> =>
    expect.poll(() => target.evaluate((element) => element === document.activeElement)).toBe(true);
  const choose = async (page: Page, file: string, name = 'Your picture'): Promise<void> => {
    const chooser = page.waitForEvent('filechooser');
    await press(editor(page, name).getByRole('button', { name: /^Choose (a file|another)$/ }));
    await (await chooser).setFiles(file);
  };
  const saved = async (page: Page, before: string | null): Promise<string> => {
    await expect.poll(async () => versionOf(await shown(page)) ?? before).not.toBe(before);
    return versionOf(await shown(page)) as string;
  };
  const upload = async (page: Page, files: string[]): Promise<void> => {
    await page.getByRole('heading', { name: 'Blank plates, for now' }).waitFor();
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('u');
    await (await chooser).setFiles(files);
    await page.getByRole('heading', { name: /added$/ }).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tintype-pictures-'));
    [server, browser] = await Promise.all([startServer({ MAX_UPLOAD_SIZE: '4MiB' }), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('by keys alone: choose a file, move it, save it; another, one of the photos, none', async () => {
    const page = await newVisitor();
    await signUp(page, 'ines');
    await upload(page, [await photo('one.jpg', 1), await photo('two.jpg', 2)]);
    await page.goto('/settings/profile');
    expect(await shown(page)).toBe(null);

    // The window to cut in has the focus at once. The picture goes where the arrow points: what is seen of it is its left.
    await choose(page, await halves());
    const cropper = page.getByRole('application', { name: /^Your picture/ });
    await expect.poll(() => cropper.evaluate((element) => element === document.activeElement)).toBe(true);
    await editor(page).getByRole('button', { name: 'Save picture', disabled: false }).waitFor();
    for (let i = 0; i < 8; i++) await cropper.press('Shift+ArrowRight');
    await cropper.press('+');
    expect(await page.getByRole('slider', { name: 'Zoom' }).getAttribute('aria-valuetext')).toBe('110 %');
    const put = page.waitForResponse((response) => response.request().method() === 'PUT');
    await press(editor(page).getByRole('button', { name: 'Save picture' }));
    const { url } = (await (await put).json()) as { url: string };
    await page.getByText('Picture saved').waitFor();

    // Without a reload the header shows what the server has; after one as well.
    const first = await saved(page, null);
    expect(url).toContain(`v=${first}`);
    expect(await shown(page)).toMatch(/\/images\/users\/[0-9a-f-]{36}\/profile\?v=[0-9a-f]{16}&size=64$/);
    const bytes = await (await page.request.get(url)).body();
    const { channels } = await sharp(bytes).stats();
    expect(channels.map(({ min, max }) => Math.round((min + max) / 2 / 100))).toEqual([2, 0, 0]);
    const { width, height } = await sharp(bytes).metadata();
    expect(width).toBe(height);
    /** The header shows a picture a moment before the editor lets go of it, and gives the focus back. */
    const settled = () =>
      expect.poll(() => page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Choose another');
    await settled();
    await page.reload();
    expect(await saved(page, null)).toBe(first);

    await choose(page, await photo('other.jpg', 3));
    await press(editor(page).getByRole('button', { name: 'Save picture', disabled: false }));
    const second = await saved(page, first);
    await settled();

    // One of the photos, by the keys of the dialog.
    await press(editor(page).getByRole('button', { name: 'From your photos' }));
    const dialog = page.getByRole('dialog', { name: 'Choose one of your photos' });
    await dialog.getByRole('button', { name: /^Photo, 2 March/ }).waitFor();
    await page.getByLabel('Search your photos').press('ArrowDown');
    await page.locator(':focus').press('ArrowRight');
    expect(await page.locator(':focus').getAttribute('aria-label')).toMatch(/^Photo, 1 March/);
    await page.locator(':focus').press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await press(editor(page).getByRole('button', { name: 'Save picture', disabled: false }));
    const third = await saved(page, second);
    await settled();
    expect(third).not.toBe(first);

    // What was typed into the form beside it is not lost by any of this.
    await page.getByLabel('Name', { exact: true }).fill('Ines Aldana');
    await choose(page, await photo('fourth.jpg', 4), 'Your cover');
    await press(editor(page, 'Your cover').getByRole('button', { name: 'Save cover', disabled: false }));
    await editor(page, 'Your cover').getByRole('img', { name: 'Your cover' }).waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Ines Aldana');

    await press(editor(page).getByRole('button', { name: 'Remove' }));
    await press(page.getByRole('button', { name: 'Keep it' }));
    expect(versionOf(await shown(page))).toBe(third);
    await press(editor(page).getByRole('button', { name: 'Remove' }));
    await press(page.getByRole('button', { name: 'Remove the picture' }));
    await expect.poll(() => mine(page).count()).toBe(0);
    await editor(page).getByRole('button', { name: 'Choose a file' }).waitFor();
    expect((await page.request.get(url)).status()).toBe(404);
    await expectNoErrors();
  });

  test('what cannot be one says so; what the browser cannot show is sent whole', async () => {
    const page = await newVisitor();
    await signUp(page, 'oskar');
    await page.goto('/settings/profile');
    await choose(page, await save('notes.txt', 'Buy fixer.'));
    await editor(page).getByText('This browser cannot show this file').waitFor();
    await press(editor(page).getByRole('button', { name: 'Save picture' }));
    await expect
      .poll(() => editor(page).getByRole('alert').allInnerTexts())
      .toContainEqual(expect.stringMatching(/\w/));
    expect(await shown(page)).toBe(null);
    await press(editor(page).getByRole('button', { name: 'Discard' }));

    await choose(page, await save('large.jpg', Buffer.alloc(5 * 1024 * 1024, 1)));
    await editor(page)
      .getByText(/“large.jpg” has .* are the most that this library takes/)
      .waitFor();
    await choose(page, await save('empty.jpg', ''));
    await editor(page).getByText('“empty.jpg” is empty').waitFor();

    // What is let go over it is for it, and no upload.
    const dragged = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['no picture'], 'dropped.jpg', { type: 'image/jpeg' }));
      return transfer;
    });
    for (const type of ['dragenter', 'dragover', 'drop'])
      await editor(page).dispatchEvent(type, { dataTransfer: dragged });
    await editor(page).getByText('dropped.jpg').waitFor();
    expect(page.url()).toContain('/settings/profile');
    await press(editor(page).getByRole('button', { name: 'Discard' }));

    await choose(page, heic);
    await editor(page).getByText('This browser cannot show this file').waitFor();
    expect((await editor(page).getByRole('alert').allInnerTexts()).join('')).toBe('');
    await press(editor(page).getByRole('button', { name: 'Save picture' }));
    await saved(page, null);
    await expectNoErrors();
  });

  test('from an opened photo; another window hears of it, and marks publish nothing', async () => {
    const page = await newVisitor();
    await signUp(page, 'lena');
    await upload(page, [await photo('only.jpg', 5)]);
    const other = await page.context().newPage();
    const stream = other.waitForResponse((response) => response.url().endsWith('/api/v1/events'));
    await other.goto('/albums');
    await stream;

    await press(page.locator('.tile a').first());
    await page.locator('.lb img[data-quality="preview"]').waitFor();
    await page.locator('.lb').press('i');
    const panel = page.getByRole('complementary', { name: 'Info' });
    await panel.getByLabel('Type').selectOption('Cover');
    await panel.getByText('Type saved').waitFor();
    await panel.getByLabel('Primary').press('Space');
    await panel.getByText('This photo is your primary one').waitFor();
    // What the server refuses goes back to what it was, and whoever chose is still there.
    await page.route('**/api/v1/photos/*', (route) => route.abort());
    await panel.getByLabel('Type').focus();
    await panel.getByLabel('Type').selectOption('Profile');
    await panel.getByRole('alert').waitFor();
    expect(await panel.getByLabel('Type').inputValue()).toBe('cover');
    await focused(panel.getByLabel('Type'));
    await page.unroute('**/api/v1/photos/*');
    const [one] = ((await (await page.request.get('/api/v1/photos')).json()) as { items: object[] }).items;
    expect(one).toMatchObject({ image_type: 'cover', is_primary: true });
    const me = async () => (await page.request.get('/api/v1/me')).json();
    expect(await me()).toMatchObject({ profile_picture_url: null, cover_picture_url: null });

    await press(panel.getByRole('button', { name: 'As your picture' }));
    const dialog = page.getByRole('dialog', { name: 'Your picture from this photo' });
    await focused(dialog.getByRole('application'));
    await press(dialog.getByRole('button', { name: 'Save picture', disabled: false }));
    await dialog.waitFor({ state: 'detached' });
    await focused(panel.getByRole('button', { name: 'As your picture' }));
    const version = await saved(page, null);
    expect(await saved(other, null)).toBe(version);

    // A photo that does not come is not shown to anybody unseen.
    await page.goto('/settings/profile');
    const preview = /\/preview\?/;
    await page.route(preview, (route) => route.abort());
    await press(editor(page).getByRole('button', { name: 'From your photos' }));
    await press(page.getByRole('dialog').getByRole('button', { name: /^Photo, 5 March/ }));
    await editor(page).getByText('The photo did not come').waitFor();
    expect(await editor(page).getByRole('button', { name: 'Save picture' }).isDisabled()).toBe(true);
    await focused(editor(page).getByRole('button', { name: 'Try again' }));
    await page.unroute(preview);
    await press(editor(page).getByRole('button', { name: 'Try again' }));
    await focused(editor(page).getByRole('application'));
    const ready = editor(page).getByRole('button', { name: 'Save picture', disabled: false });
    await ready.waitFor();
    await editor(page).getByRole('application').press('+');

    // Whoever leaves the page while it is on its way has saved it all the same.
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const asked = page.waitForRequest((request) => request.method() === 'PUT');
    await page.route('**/me/pictures/profile', async (route) => {
      await held;
      await route.continue();
    });
    await press(ready);
    await asked;
    await press(page.getByRole('link', { name: 'Albums' }).first());
    await page.getByRole('heading', { name: 'No albums yet' }).waitFor();
    goOn();
    await page.getByText('Picture saved').waitFor();
    await saved(page, version);
    await expectNoErrors();
  });

  test('is found by an e-mail only where that was asked for', async () => {
    const page = await newVisitor();
    await signUp(page, 'tomas');
    await page.goto('/settings/profile');
    const toggle = page.getByRole('switch', { name: 'Let other sites find it by your e-mail' });
    expect(await toggle.isDisabled()).toBe(true);
    await page.getByLabel('E-mail (optional)').fill('Tomas@example.org');
    await page.getByLabel('Your password, to change the e-mail').fill(password);
    await press(page.getByRole('button', { name: 'Save changes' }));
    await page.getByText('Saved', { exact: true }).waitFor();
    await choose(page, await photo('tomas.jpg', 6));
    await press(editor(page).getByRole('button', { name: 'Save picture', disabled: false }));
    await saved(page, null);
    const address = await page.getByLabel('Address of your picture').inputValue();
    expect((await page.request.get(address)).headers()['content-type']).toBe('image/webp');

    await press(toggle, 'Space');
    const byMail = page.getByLabel('Address by your e-mail');
    await byMail.waitFor();
    const found = await byMail.inputValue();
    expect((await page.request.get(`${found}?d=404`)).status()).toBe(200);
    await press(toggle, 'Space');
    await byMail.waitFor({ state: 'detached' });
    expect((await page.request.get(`${found}?d=404`)).status()).toBe(404);
    await expectNoErrors();
  });

  test('axe finds nothing while a picture is cut, chosen and used', async () => {
    const page = await newVisitor({ bypassCSP: true, reducedMotion: 'reduce' });
    await signIn(page, 'lena');
    for (const viewport of [
      { width: 1440, height: 900 },
      { width: 390, height: 844 },
    ]) {
      await page.setViewportSize(viewport);
      await page.goto('/settings/profile');
      await editor(page).getByRole('img', { name: 'Your picture' }).waitFor();
      expect(await findViolations(page)).toEqual([]);
      await choose(page, await photo('axe.jpg', 7));
      await choose(page, await photo('axe.jpg', 7), 'Your cover');
      await editor(page).getByRole('button', { name: 'Save picture', disabled: false }).waitFor();
      await editor(page, 'Your cover').getByRole('button', { name: 'Save cover', disabled: false }).waitFor();
      expect(await findViolations(page)).toEqual([]);
      await press(editor(page).getByRole('button', { name: 'Discard' }));
      await press(editor(page).getByRole('button', { name: 'From your photos' }));
      await page.getByRole('button', { name: /^Photo, 5 March/ }).waitFor();
      expect(await findViolations(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await press(editor(page).getByRole('button', { name: 'Remove' }));
      await page.getByRole('alertdialog').waitFor();
      expect(await findViolations(page)).toEqual([]);
      await page.goto('/photos');
      await press(page.locator('.tile a').first());
      await page.locator('.lb img[data-quality="preview"]').waitFor();
      const use = page.getByRole('button', { name: 'As your picture' });
      // Whether it is open is remembered; what it shows may come later than the photo.
      const info = page.getByRole('toolbar', { name: 'Photo' }).getByRole('button', { name: 'Info' });
      if ((await info.getAttribute('aria-pressed')) !== 'true') await page.locator('.lb').press('i');
      await use.waitFor();
      expect(await findViolations(page)).toEqual([]);
      await press(use);
      await page.getByRole('button', { name: 'Save picture', disabled: false }).waitFor();
      expect(await findViolations(page)).toEqual([]);
    }
    await expectNoErrors();
  });
});
