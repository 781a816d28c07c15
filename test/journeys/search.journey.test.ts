import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { chromiumPath, openBrowser, signUp, type Visitor, visit } from './browser.ts';
import { startServer, type TestServer } from './server.ts';

/** What the library of the journey holds: seven photos of two cameras, a harbour in fog among them. */
const library = [
  { name: 'harbour-1.jpg', takenAt: '2024-06-14T09:30:00+02:00', caption: 'Fog over the harbour', model: 'One' },
  { name: 'harbour-2.jpg', takenAt: '2024-06-20T19:00:00+02:00', caption: 'Fog again', model: 'Two' },
  { name: 'harbour-3.jpg', takenAt: '2023-02-01T12:00:00+01:00', caption: 'No fog at last', model: 'One' },
  { name: 'meadow-1.jpg', takenAt: '2024-06-02T10:00:00+02:00', caption: 'Dandelions', model: 'One' },
  { name: 'meadow-2.jpg', takenAt: '2024-05-11T10:00:00+02:00', caption: null, model: 'Two' },
  { name: 'ridge-1.jpg', takenAt: '2022-09-04T08:00:00+02:00', caption: null, model: 'Two' },
  { name: 'ridge-2.jpg', takenAt: '2022-09-05T08:00:00+02:00', caption: null, model: 'Two' },
];

describe.skipIf(!chromiumPath)('finding, by keys alone', () => {
  let server: TestServer;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
    visitor = await visit(browser, server.url);
    page = visitor.page;
    await signUp(page, 'ines');
    for (const [seed, { name, takenAt, caption, model }] of library.entries()) {
      const data = await makePhoto({ width: 900, height: 600, seed, takenAt, camera: { make: 'Tintype', model } });
      const added = await page.request.post(`/api/v1/photos?filename=${name}`, {
        headers: { 'content-type': 'image/jpeg', origin: server.url },
        data,
      });
      expect(added.status()).toBe(201);
      const { id } = (await added.json()) as { id: string };
      if (caption)
        await page.request.patch(`/api/v1/photos/${id}`, { headers: { origin: server.url }, data: { caption } });
    }
  });
  afterAll(async () => {
    expect(visitor?.errors ?? []).toEqual([]);
    await browser?.close();
    await server?.stop();
  });

  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const names = (): Promise<string[]> =>
    page.locator('.tile a').evaluateAll((links) => links.map((link) => link.getAttribute('aria-label') ?? ''));
  const expectPhotos = (count: number) => expect.poll(async () => (await names()).length).toBe(count);
  const query = (): string => new URL(page.url()).search;

  test('words, then a filter, in the address; Back takes each away again', async () => {
    await page.goto('/photos');
    await expectPhotos(7);
    await press('/');
    await page.keyboard.type('fog');
    await press('Enter');
    await page.getByRole('heading', { name: '“fog”' }).waitFor();
    await expectPhotos(3);
    expect(query()).toBe('?q=fog');

    // The filters open, and one is chosen, without a pointer.
    await page.getByRole('button', { name: 'Filters' }).focus();
    await press('Enter');
    const camera = page.getByRole('combobox', { name: 'Camera' });
    await camera.waitFor();
    await camera.focus();
    await page.keyboard.type('Tintype Two');
    await page.getByText('Camera: Tintype Two', { exact: true }).waitFor();
    await press('Escape');
    await expectPhotos(1);
    expect(new URLSearchParams(query()).get('camera')).toBe('Tintype Two');
    await page.reload();
    await expectPhotos(1);
    await page.goBack();
    await expectPhotos(3);
    await page.goBack();
    await page.waitForURL('**/photos');
    await expectPhotos(7);
  });

  test('an address of old still finds', async () => {
    await page.goto('/photos?q=meadow');
    await page.waitForURL('**/search?q=meadow');
    await expectPhotos(2);
  });

  test('a photo opened among results has its own address, and Esc comes back to its tile', async () => {
    await page.goto('/search?q=fog');
    await page.locator('.tile a').first().focus();
    await press('ArrowRight', 'Enter');
    await page.waitForURL(/\/search\/[0-9a-f-]{36}\?q=fog$/);
    await page.locator('.lb figure img').waitFor();
    await press('Escape');
    await page.waitForURL('**/search?q=fog');
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest('.tile') !== null)).toBe(true);
  });

  test('tags: put on in the info panel, completed, taken off, found again', async () => {
    await page.goto('/search?q=harbour-1');
    await page.locator('.tile a').first().focus();
    await press('Enter');
    await page.locator('.lb figure img').waitFor();
    await press('t');
    const field = page.getByRole('combobox', { name: 'Tags' });
    await expect.poll(() => field.evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type('harbour,dawn');
    await press('Enter');
    await page.getByRole('link', { name: 'dawn', exact: true }).waitFor();
    await press('Backspace');
    await page.getByRole('link', { name: 'dawn', exact: true }).waitFor({ state: 'detached' });
    await expect.poll(() => tagsOf('harbour-1')).toEqual(['harbour']);

    // The whole result is tagged at once; what is there already completes the word.
    await page.goto('/search?q=fog');
    await expectPhotos(3);
    await press('Control+a');
    await page.getByText('3 selected', { exact: true }).waitFor();
    await press('t');
    await page.getByRole('dialog', { name: 'Tag 3 photos' }).waitFor();
    await page.keyboard.type('harb');
    await page.getByRole('option', { name: 'harbour' }).waitFor();
    await press('ArrowDown', 'Enter');
    await page.getByRole('button', { name: 'Remove tag harbour' }).waitFor();
    await press('Enter');
    await page.getByText('photos tagged anew').waitFor();

    // From the header's field to the tag itself.
    await press('/');
    await page.keyboard.type('harbo');
    await page.getByRole('option', { name: /^harbour/ }).waitFor();
    await press('ArrowDown');
    await press('Enter');
    await page.waitForURL((url) => url.searchParams.get('tag') === 'harbour');
    await expectPhotos(3);
  });

  test('a refused tag is taken back, and the reason said', async () => {
    await page.goto('/search?q=meadow-1');
    await page.locator('.tile a').first().focus();
    await press('Enter');
    await page.locator('.lb figure img').waitFor();
    await press('t');
    const field = page.getByRole('combobox', { name: 'Tags' });
    await expect.poll(() => field.evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.type('x'.repeat(60));
    await press('Enter');
    await page.getByRole('alert').filter({ hasText: '50 characters' }).waitFor();
    expect(await page.getByRole('button', { name: /^Remove tag/ }).count()).toBe(0);
    expect(await tagsOf('meadow-1')).toEqual([]);
  });

  test('tags are renamed, merged and deleted', async () => {
    await page.goto('/search?q=ridge');
    await expectPhotos(2);
    await press('Control+a');
    await press('t');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('harbor');
    await press('Tab');
    await page.getByRole('button', { name: 'Tag 2 photos' }).focus();
    await press('Enter');
    await page.getByText('photos tagged anew').waitFor();

    await page.goto('/settings/tags');
    await page.getByRole('button', { name: 'Rename harbor', exact: true }).focus();
    await press('Enter', 'Control+a');
    await page.keyboard.type('Harbour');
    await page.getByText('“harbour” is there already, on 3 photos.').waitFor();
    await page.getByRole('button', { name: 'Merge into “harbour”' }).waitFor();
    await press('Enter');
    await page.getByText('“harbor” is “harbour” now', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Rename harbor', exact: true }).waitFor({ state: 'detached' });
    await expect.poll(() => tagsOf('ridge-1')).toEqual(['harbour']);
    await page.getByRole('button', { name: 'Delete harbour', exact: true }).focus();
    await press('Enter');
    await page.getByRole('alertdialog', { name: 'Delete the tag “harbour”?' }).waitFor();
    await press('Tab', 'Enter');
    await page.getByText('No tags yet').waitFor();
    expect(await tagsOf('ridge-1')).toEqual([]);
  });

  test('the archive hides from the timeline, and gives back', async () => {
    await page.goto('/photos');
    await expectPhotos(7);
    const [first] = await names();
    await page.locator('.tile a').first().focus();
    await press('e');
    await page.getByText('1 photo archived').waitFor();
    await expectPhotos(6);
    await page.getByRole('button', { name: 'Undo' }).focus();
    await press('Enter');
    await expectPhotos(7);

    await page.locator('.tile a').first().focus();
    await press('e');
    await expectPhotos(6);
    await page.goto('/archive');
    await page.getByRole('heading', { name: 'Archive' }).waitFor();
    await expectPhotos(1);
    expect(await names()).toEqual([first]);
    // Words find it all the same.
    await page.goto('/search?q=harbour-2');
    await expectPhotos(1);
    await page.goto('/archive');
    await expectPhotos(1);
    await press('Control+a', 'e');
    await page.getByRole('alertdialog', { name: 'Bring 1 photo back to Photos?' }).waitFor();
    await press('Tab', 'Enter');
    await page.getByRole('heading', { name: 'Nothing archived' }).waitFor();
    await page.goto('/photos');
    await expectPhotos(7);
  });

  test('a search is saved as an album that keeps itself', async () => {
    await page.goto('/search?q=fog&taken_after=2024-06-01&taken_before=2024-07-01');
    await page.getByText('June 2024', { exact: true }).first().waitFor();
    await expectPhotos(2);
    await page.getByRole('button', { name: 'Save as album' }).focus();
    await press('Enter');
    await page.getByRole('dialog', { name: 'Save as album' }).waitFor();
    expect(await page.getByLabel('Album name').inputValue()).toBe('Fog, June 2024');
    await press('Enter');
    await page.waitForURL(/\/albums\/[0-9a-f-]{36}$/);
    await page.getByRole('heading', { name: 'Fog, June 2024' }).waitFor();
    const id = new URL(page.url()).pathname.split('/').at(-1);
    const album = await (await page.request.get(`/api/v1/albums/${id}`)).json();
    expect(album).toMatchObject({
      photo_count: 2,
      filter: { q: 'fog', taken_after: '2024-06-01', taken_before: '2024-07-01' },
    });
  });

  test('nothing found: what was meant is named, and each filter can be dropped', async () => {
    await page.goto('/search?q=dandelins');
    await page.getByRole('heading', { name: 'Nothing under “dandelins”' }).waitFor();
    await page.getByRole('link', { name: 'dandelions' }).focus();
    await press('Enter');
    await expectPhotos(1);
    await page.goto('/search?q=fog&format=png');
    await page.getByRole('link', { name: 'Without “PNG”' }).focus();
    await press('Enter');
    await page.waitForURL('**/search?q=fog');
    await expectPhotos(3);
  });

  test('the statistics lead to what they count', async () => {
    await page.goto('/settings/statistics');
    await page.getByRole('link', { name: /^Tintype One/ }).focus();
    await press('Enter');
    await page.waitForURL((url) => url.searchParams.get('camera') === 'Tintype One');
    await expectPhotos(3);
    await page.goBack();
    await page.getByText('As a table').focus();
    await press('Enter');
    await page.getByRole('link', { name: 'September 2022' }).focus();
    await press('Enter');
    await expectPhotos(2);
  });

  test('searches of late are offered, and forgotten when asked', async () => {
    await page.goto('/photos');
    await expectPhotos(7);
    await press('/');
    await page.keyboard.type('ridge');
    await press('Enter');
    await expectPhotos(2);
    await page.goto('/photos');
    await expectPhotos(7);
    await press('/');
    await page.getByRole('option', { name: 'ridge' }).waitFor();
    await press('ArrowUp', 'Enter');
    await page.getByRole('option').first().waitFor({ state: 'detached' });
    expect(await page.evaluate(() => localStorage.getItem('searches'))).toBeNull();
  });

  async function tagsOf(filename: string): Promise<string[]> {
    const { items } = (await (await page.request.get(`/api/v1/photos?q=${filename}`)).json()) as {
      items: { tags: string[] }[];
    };
    return items[0]?.tags ?? [];
  }
});
