import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { chromiumPath, openBrowser, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

type Item = { id: string; kind: string; taken_at: string };

describe.skipIf(!chromiumPath)('styles', () => {
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
  const upload = async (page: Page, seed: number): Promise<Item> => {
    const file = path.join(folder, `photo-${seed}.jpg`);
    await writeFile(
      file,
      await makePhoto({ width: 900, height: 600, seed, takenAt: `2025-03-0${seed}T10:00:00+02:00` }),
    );
    await page.getByRole('heading', { name: 'Blank plates, for now' }).waitFor();
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('u');
    await (await chooser).setFiles(file);
    await page.getByRole('heading', { name: /added$/ }).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await expect.poll(async () => (await photosOf(page)).length).toBe(1);
    await page.locator('.tile a img').waitFor();
    return (await photosOf(page))[0] as Item;
  };
  const photosOf = async (page: Page): Promise<Item[]> =>
    ((await (await page.request.get('/api/v1/photos')).json()) as { items: Item[] }).items;
  const press = async (target: Locator, key = 'Enter'): Promise<void> => {
    await target.focus();
    await target.press(key);
  };
  const focused = (target: Locator): Promise<void> =>
    expect.poll(() => target.evaluate((element) => element === document.activeElement)).toBe(true);
  const look = (page: Page, name: string) => page.getByRole('radio', { name, exact: true });
  const compare = (page: Page) => page.getByRole('slider', { name: 'Compare before and after' });
  const strength = (page: Page) => page.getByRole('slider', { name: /^Strength/ });
  const saveButton = (page: Page) => page.getByRole('button', { name: 'Save as a new picture' });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tintype-styles-'));
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('by keys alone: from a photo to a look, its strength, and the picture beside the photo', async () => {
    const page = await newVisitor();
    await signUp(page, 'ines');
    const photo = await upload(page, 1);
    await press(page.locator('.tile a').first());
    await page.locator('.lb img[data-quality="preview"]').waitFor();

    // The help tells the key.
    await page.locator('.lb').press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).getByText('Try a style').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor({ state: 'detached' });
    await page.locator('.lb').press('y');
    await page.waitForURL(`**/photos/${photo.id}/style`);

    // The looks have the focus; arrows choose, and the picture follows.
    await focused(look(page, 'Cinematic'));
    await page.getByRole('img', { name: 'The same in the style “Cinematic”' }).waitFor();
    await page.locator(':focus').press('ArrowRight');
    await page.locator(':focus').press('ArrowRight');
    await focused(look(page, 'Charcoal sketch'));
    expect(await look(page, 'Charcoal sketch').isChecked()).toBe(true);
    await page.getByRole('img', { name: 'The same in the style “Charcoal sketch”' }).waitFor();

    await press(compare(page), 'ArrowRight');
    await compare(page).press('Shift+ArrowRight');
    expect(await compare(page).inputValue()).toBe('61');
    await page.keyboard.down(' ');
    expect(await compare(page).getAttribute('aria-valuetext')).toBe('The original');
    await page.keyboard.up(' ');
    expect(await compare(page).getAttribute('aria-valuetext')).toBe('61 % of the original');

    expect(await strength(page).inputValue()).toBe('80');
    const preview = page.waitForRequest(/\/styles\/sketch\/preview\?strength=0\.7$/);
    await strength(page).focus();
    for (let i = 0; i < 10; i++) await strength(page).press('ArrowLeft');
    await preview;
    // A reload has the same choice.
    await page.waitForURL('**/style?style=sketch&strength=70');
    await page.reload();
    await page.getByRole('img', { name: 'The same in the style “Charcoal sketch”' }).waitFor();
    expect(await strength(page).inputValue()).toBe('70');

    await press(saveButton(page));
    await page.getByText('Saved beside the photo').waitFor();
    const made = (await photosOf(page)).find(({ id }) => id !== photo.id) as Item;
    await page.waitForURL(`**/photos/${made.id}`);
    await page.getByRole('dialog', { name: /^Picture/ }).waitFor();
    expect(made).toMatchObject({ kind: 'styled', taken_at: photo.taken_at });
    expect(await (await page.request.get(`/api/v1/photos/${made.id}/metadata`)).json()).toMatchObject({
      style: 'sketch',
      source_image_id: photo.id,
    });

    // Its corner is snipped, the photo's is not; both lie in the gallery.
    const corner = () => page.locator('.lb figure img').evaluate((image) => getComputedStyle(image).clipPath);
    await page.locator('.lb img[data-quality="preview"]').waitFor();
    expect(await corner()).toContain('polygon');
    await page.locator('.lb').press('Escape');
    await page.waitForURL('**/photos');
    await expect.poll(() => page.locator('.tile a').count()).toBe(2);

    // The same once more is no other picture, and the way back is the photo.
    await page.goto(`/photos/${photo.id}/style?style=sketch&strength=70`);
    await press(saveButton(page));
    await page.getByText('You had made this one already').waitFor();
    await page.waitForURL(`**/photos/${made.id}`);
    expect(await photosOf(page)).toHaveLength(2);
    await page.goto(`/photos/${photo.id}`);
    await page.locator('.lb img[data-quality="preview"]').waitFor();
    await press(page.getByRole('link', { name: 'Try a style' }));
    await focused(look(page, 'Cinematic'));
    await look(page, 'Cinematic').press('ArrowRight');
    await page.waitForURL('**/style?style=enhance&strength=70');
    await look(page, 'Enhance').press('Escape');
    await page.waitForURL(`**/photos/${photo.id}`);
    await page.locator('.lb').waitFor();
    await expectNoErrors();
  });

  test('what does not come says so and can be asked for again; a refusal loses nothing', async () => {
    const page = await newVisitor();
    await signUp(page, 'tomas');
    const photo = await upload(page, 2);
    await page.route('**/styles/neon/preview*', (route) => route.abort());
    await page.goto(`/photos/${photo.id}/style?style=neon&strength=40`);
    await page.getByText('The preview did not come').waitFor();
    const again = page.getByRole('button', { name: 'Draw Neon again' });
    await look(page, 'Neon').scrollIntoViewIfNeeded();
    await again.waitFor();
    await page.unroute('**/styles/neon/preview*');
    await press(again);
    await again.waitFor({ state: 'detached' });
    await press(page.getByRole('button', { name: 'Retry', exact: true }));
    await page.getByRole('img', { name: 'The same in the style “Neon”' }).waitFor();
    await page.getByText('The preview did not come').waitFor({ state: 'detached' });

    await page.route('**/photos/*/styles', (route) => route.abort());
    await press(saveButton(page));
    await page.getByText('Your choice is kept').waitFor();
    await focused(saveButton(page));
    expect(await strength(page).inputValue()).toBe('40');
    expect(await look(page, 'Neon').isChecked()).toBe(true);
    await page.unroute('**/photos/*/styles');

    await page.goto('/photos/00000000-0000-4000-8000-000000000000/style');
    await page.getByText('This photo is not here').waitFor();
    await press(page.getByRole('link', { name: 'Back to photos' }));
    await page.waitForURL('**/photos');
    await expectNoErrors();
  });

  test('the line follows a finger, and holding the picture shows the original', async () => {
    const page = await newVisitor();
    await signUp(page, 'lena');
    const photo = await upload(page, 3);
    await page.goto(`/photos/${photo.id}/style`);
    await page.getByRole('img', { name: 'The same in the style “Cinematic”' }).waitFor();
    const box = await page.locator('.cmp').boundingBox();
    if (!box) throw new Error('There is nothing to compare.');
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width / 2, y);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, y, { steps: 4 });
    await page.mouse.up();
    expect(await compare(page).inputValue()).toBe('25');
    await focused(compare(page));
    await page.mouse.down();
    await expect.poll(() => compare(page).getAttribute('aria-valuetext')).toBe('The original');
    await page.mouse.up();
    expect(await compare(page).getAttribute('aria-valuetext')).toBe('25 % of the original');
    await expectNoErrors();
  });

  test('axe finds nothing, on no screen', async () => {
    for (const [width, height] of [
      [1440, 900],
      [768, 1024],
      [390, 844],
    ] as const) {
      const page = await newVisitor({ viewport: { width, height }, bypassCSP: true, reducedMotion: 'reduce' });
      await signUp(page, `axe${width}`);
      const photo = await upload(page, 4);
      await page.goto(`/photos/${photo.id}`);
      await page.locator('.lb img[data-quality="preview"]').waitFor();
      expect(await findViolations(page)).toEqual([]);
      await page.goto(`/photos/${photo.id}/style`);
      await page.getByRole('img', { name: 'The same in the style “Cinematic”' }).waitFor();
      await page.route('**/photos/*/styles', (route) => route.abort());
      await press(saveButton(page));
      await page.getByText('Your choice is kept').waitFor();
      expect(await findViolations(page)).toEqual([]);
      await page.close();
    }
    await expectNoErrors();
  });
});
