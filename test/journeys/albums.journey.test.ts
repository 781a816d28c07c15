import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { chromiumPath, openBrowser, signUp, type Visitor, visit } from './browser.ts';
import { startServer, type TestServer } from './server.ts';

/** Photos of one afternoon, an hour apart, the first one taken first. */
async function upload(page: Page, from: number, count: number): Promise<void> {
  for (let nth = from; nth < from + count; nth++) {
    const data = await makePhoto({
      width: 900,
      height: nth % 3 === 1 ? 1200 : 600,
      seed: nth,
      takenAt: `2026-10-23T${String(8 + nth).padStart(2, '0')}:00:00+02:00`,
    });
    const response = await page.request.post(`/api/v1/photos?filename=IMG_${nth}.jpg`, {
      data,
      headers: { 'content-type': 'image/jpeg', origin: new URL(page.url()).origin },
    });
    expect(response.status()).toBe(201);
  }
}

/** Walks with Tab until something has the focus, as somebody without a pointer does. */
async function reach(page: Page, what: Locator): Promise<void> {
  await what.waitFor();
  for (let steps = 0; steps < 80; steps++) {
    if (await what.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${what}`);
}
/** The one tile that Tab reaches, and from there by the arrows to the first. */
async function reachFirst(page: Page): Promise<void> {
  await reach(page, page.locator('.tile > a[tabindex="0"]'));
  const isFirst = () =>
    page
      .locator('.tile > a')
      .first()
      .evaluate((tile) => tile === document.activeElement);
  for (let steps = 0; steps < 20 && !(await isFirst()); steps++) await page.keyboard.press('ArrowLeft');
  expect(await isFirst()).toBe(true);
}
async function press(page: Page, what: Locator, key = 'Enter'): Promise<void> {
  await reach(page, what);
  await page.keyboard.press(key);
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });
const times = (page: Page) =>
  page.locator('.tile > a').evaluateAll((tiles) => tiles.map((tile) => /\d\d:\d\d/.exec(tile.ariaLabel ?? '')?.[0]));
const shows = (page: Page, order: string[]) => expect.poll(() => times(page)).toEqual(order);

describe.skipIf(!chromiumPath)('albums by keyboard alone', () => {
  let server: TestServer;
  let browser: Browser;
  const visitors: Visitor[] = [];
  const newPage = async (username: string): Promise<Page> => {
    const visitor = await visit(browser, server.url, { reducedMotion: 'reduce' });
    visitors.push(visitor);
    await signUp(visitor.page, username);
    return visitor.page;
  };

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
  });
  afterAll(async () => {
    expect(visitors.flatMap(({ errors }) => errors)).toEqual([]);
    await browser?.close();
    await server?.stop();
  });

  test('make one, add photos, order them, choose a cover, invite somebody who adds, see who did, and be left', async () => {
    const page = await newPage('ines');
    await upload(page, 0, 5);
    await page.goto('/albums');
    await page.getByRole('heading', { name: 'No albums yet' }).waitFor();

    // Made by its key, with a name.
    await page.keyboard.press('n');
    await page.getByRole('dialog', { name: 'New album' }).waitFor();
    await page.keyboard.type('Lakes in October');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Lakes in October' }).waitFor();

    // Photos are chosen from the library: the arrows walk, Space chooses, Ctrl+Enter adds.
    await page.keyboard.press('+');
    const picker = page.getByRole('dialog', { name: 'Add photos' });
    await picker.getByRole('checkbox').nth(4).waitFor();
    await page.keyboard.press('ArrowDown');
    for (let nth = 0; nth < 4; nth++) {
      await page.keyboard.press('Space');
      await page.keyboard.press('ArrowRight');
    }
    await picker.getByText('4 chosen').waitFor();
    await page.keyboard.press('Control+Enter');
    await picker.waitFor({ state: 'detached' });
    await page.getByText('4 photos, 23 October 2026').waitFor();
    await shows(page, ['09:00', '10:00', '11:00', '12:00']);
    await page.getByText('4 photos added to Lakes in October').waitFor();

    // The last one is picked up and put at the front, then the move is taken back.
    await reachFirst(page);
    for (let nth = 0; nth < 3; nth++) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('m');
    await page.getByRole('region', { name: 'Moving photos' }).waitFor();
    await page.keyboard.press('Home');
    await page.keyboard.press('Enter');
    await shows(page, ['12:00', '09:00', '10:00', '11:00']);
    await page.getByText('1 photo moved').waitFor();
    await page.reload();
    await shows(page, ['12:00', '09:00', '10:00', '11:00']);

    // Two at once, before the second; Esc leaves them where they are, Enter puts them there.
    await reachFirst(page);
    for (const key of ['ArrowRight', 'ArrowRight', 'x', 'ArrowRight', 'x']) await page.keyboard.press(key);
    await page.getByText('2 selected').waitFor();
    await page.keyboard.press('m');
    await page.getByRole('region', { name: 'Moving photos' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Escape');
    await page.getByRole('region', { name: 'Moving photos' }).waitFor({ state: 'detached' });
    await shows(page, ['12:00', '09:00', '10:00', '11:00']);
    await page.keyboard.press('m');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('m');
    await shows(page, ['12:00', '10:00', '11:00', '09:00']);
    await press(page, button(page, 'Undo'));
    await shows(page, ['12:00', '09:00', '10:00', '11:00']);
    await page.keyboard.press('Escape');

    // An opened photo has its own address; Back returns to its tile.
    await reachFirst(page);
    await page.keyboard.press('ArrowRight');
    const focused = () => page.evaluate(() => document.activeElement?.closest<HTMLElement>('.tile')?.dataset.id ?? '');
    const second = await focused();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/${second}`);
    await page.getByText('2 of 4, Lakes in October').waitFor();
    await page.keyboard.press('c');
    await page.getByText('The album has a new cover').waitFor();
    await page.goBack();
    await expect.poll(focused).toBe(second);

    // Somebody else comes in, as one who may add.
    const guest = await newPage('tomas');
    await upload(guest, 8, 2);
    await press(page, button(page, 'Invite'));
    await page.keyboard.type('nobody-of-that-name');
    await page.keyboard.press('Enter');
    await page.getByText('Nobody here is called “nobody-of-that-name”.').waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('tomas');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    const people = page.getByRole('complementary', { name: 'People' });
    await people.getByText('Can add').waitFor();

    await guest.goto('/shared');
    await press(guest, guest.getByRole('link', { name: /Lakes in October/ }));
    await guest.getByRole('heading', { level: 1, name: 'Lakes in October' }).waitFor();
    await shows(guest, ['12:00', '09:00', '10:00', '11:00']);
    await press(guest, button(guest, 'Add photos'));
    await guest.getByRole('dialog', { name: 'Add photos' }).getByRole('checkbox').nth(1).waitFor();
    await guest.keyboard.press('ArrowDown');
    await guest.keyboard.press('Shift+x');
    await guest.keyboard.press('Control+Enter');
    await shows(guest, ['12:00', '09:00', '10:00', '11:00', '17:00']);
    // What others added is not a member's to order or to throw away.
    await reachFirst(guest);
    await guest.keyboard.press('x');
    await guest.getByText('1 selected').waitFor();
    expect(await button(guest, 'Move to trash').count()).toBe(0);
    expect(await button(guest, 'Take out of the album').count()).toBe(0);
    expect(await button(guest, 'Move to another place').count()).toBe(0);
    await guest.keyboard.press('Escape');

    // The owner's page follows by itself, and tells whose it is.
    await shows(page, ['12:00', '09:00', '10:00', '11:00', '17:00']);
    await press(page, people.getByRole('button', { name: /tomas.*1 photo/ }));
    await shows(page, ['17:00']);
    await page.getByText('1 photo from tomas').waitFor();
    await page.keyboard.press('Escape');
    await shows(page, ['12:00', '09:00', '10:00', '11:00', '17:00']);

    // Leaving takes along what one added.
    await press(guest, button(guest, 'Leave the album').first());
    await guest.getByRole('alertdialog', { name: 'Leave “Lakes in October”?' }).waitFor();
    await press(guest, guest.getByRole('alertdialog').getByRole('button', { name: 'Leave the album' }));
    await guest.waitForURL('**/albums');
    await shows(page, ['12:00', '09:00', '10:00', '11:00']);
    await people.getByText('Only you').waitFor();

    // The name is changed in place, the album pinned, a photo taken out and put back where it was.
    await page.keyboard.press('r');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Lakes');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Lakes', exact: true }).waitFor();
    await page.keyboard.press('p');
    await page.getByRole('navigation', { name: 'Pinned albums' }).getByRole('link', { name: 'Lakes' }).waitFor();
    // One dialog closed and another asked for in the same moment: the browser tells of the first only then.
    await page.keyboard.press('+');
    await page.getByRole('dialog', { name: 'Add photos' }).waitFor();
    await page.evaluate(() => {
      document.querySelector<HTMLDialogElement>('dialog:modal')?.close();
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'i', bubbles: true }));
    });
    await page.getByRole('dialog', { name: 'People in this album' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await reachFirst(page);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Backspace');
    await shows(page, ['12:00', '10:00', '11:00']);
    // The photo leaves at once; what can be taken back is said when the server has it, and an older offer may still stand there.
    await page.getByText('1 photo taken out of the album').waitFor();
    await press(page, button(page, 'Undo').last());
    await shows(page, ['12:00', '09:00', '10:00', '11:00']);

    // From the timeline into an album by the selection, a new one made on the way.
    await page.goto('/photos');
    await reachFirst(page);
    await page.keyboard.press('x');
    await page.keyboard.press('a');
    const dialog = page.getByRole('dialog', { name: 'Add 1 photo to an album' });
    await press(page, dialog.getByRole('button', { name: 'New album' }));
    await page.getByRole('dialog', { name: 'New album' }).waitFor();
    await page.keyboard.type('Small things');
    await page.keyboard.press('Enter');
    await page.getByText('“Small things” is made, with 1 photo').waitFor();
    await page.goto('/albums?show=mine');
    await page.getByRole('link', { name: /Small things.*1 photo/ }).waitFor();
    await page.getByRole('link', { name: /Lakes.*4 photos/ }).waitFor();
  });

  test('photos are dragged to another place, and onto an album in the sidebar', async () => {
    const page = await newPage('maren');
    await upload(page, 0, 4);
    const ids = (await (await page.request.get('/api/v1/photos')).json()).items
      .map(({ id }: { id: string }) => id)
      .toReversed();
    const origin = new URL(page.url()).origin;
    const make = async (name: string, photos: string[]): Promise<string> => {
      const response = await page.request.post('/api/v1/albums', {
        data: { name, ...(photos.length > 0 ? { photo_ids: photos } : {}) },
        headers: { origin },
      });
      const { id } = await response.json();
      await page.request.put(`/api/v1/albums/${id}/pin`, { headers: { origin } });
      return id;
    };
    const id = await make('Hossegor', ids);
    await make('Woods', []);
    await page.goto(`/albums/${id}`);
    await shows(page, ['08:00', '09:00', '10:00', '11:00']);

    const middle = async (what: Locator) => {
      const box = await what.boundingBox();
      if (!box) throw new Error('It is not on the page.');
      return { x: box.x + box.width / 2, y: box.y + box.height / 2, left: box.x };
    };
    const tile = (nth: number) => page.locator('.tile').nth(nth);
    await tile(3).hover();
    const [from, to] = [await middle(tile(3)), await middle(tile(1))];
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x - 20, from.y, { steps: 4 });
    await page.mouse.move(to.left + 12, to.y, { steps: 8 });
    await page.mouse.up();
    await shows(page, ['08:00', '11:00', '09:00', '10:00']);
    expect(page.url()).toMatch(new RegExp(`/albums/${id}$`));

    const woods = page.getByRole('navigation', { name: 'Pinned albums' }).getByRole('link', { name: 'Woods' });
    const target = await middle(woods);
    const held = await middle(tile(0));
    await page.mouse.move(held.x, held.y);
    await page.mouse.down();
    await page.mouse.move(held.x - 30, held.y, { steps: 4 });
    await page.mouse.move(target.x, target.y, { steps: 8 });
    await page.mouse.up();
    await page.getByText('1 photo added to Woods').waitFor();

    // A file from the desk: into the library, and into the album it is let go on.
    const bytes = (await makePhoto({ width: 600, height: 400, seed: 91 })).toString('base64');
    const files = await page.evaluateHandle((base64) => {
      const transfer = new DataTransfer();
      const content = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
      transfer.items.add(new File([content], 'beach.jpg', { type: 'image/jpeg' }));
      return transfer;
    }, bytes);
    for (const kind of ['dragenter', 'dragover']) await woods.dispatchEvent(kind, { dataTransfer: files });
    await page.getByText('Drop on an album to add them there too.').waitFor();
    await woods.dispatchEvent('drop', { dataTransfer: files });
    await page.waitForURL('**/photos');
    await woods.click();
    await page.getByText(/^2 photos/).waitFor();
  });

  test('on a phone the bar of an opened photo fits, and what does not stand in it is in its menu', async () => {
    const page = await newPage('tove');
    await upload(page, 0, 2);
    const { items } = await (await page.request.get('/api/v1/photos')).json();
    const photos: string[] = items.map(({ id }: { id: string }) => id);
    const origin = new URL(page.url()).origin;
    const album = await page.request.post('/api/v1/albums', {
      data: { name: 'Fjord', photo_ids: photos },
      headers: { origin },
    });
    const { id } = await album.json();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`/albums/${id}/${photos[0]}`);
    const bar = page.getByRole('toolbar', { name: 'Photo' });
    await bar.getByRole('button', { name: 'Take out of the album' }).waitFor();
    const sides = await bar.getByRole('button').evaluateAll((all) =>
      all
        .filter((one) => one.checkVisibility())
        .map((one) => one.getBoundingClientRect())
        .map(({ left, right, width }) => [left >= 0 && right <= innerWidth, width >= 44]),
    );
    expect(sides.length).toBeGreaterThan(6);
    expect(sides.flat()).not.toContain(false);
    await bar.getByRole('button', { name: 'More' }).press('Enter');
    const menu = page.getByRole('menu', { name: 'More' });
    for (const name of ['Change it in the studio', 'Try a style', 'Archive']) {
      await menu.getByRole('menuitem', { name }).waitFor();
    }
    await menu.getByRole('menuitem', { name: 'Make it the cover' }).press('Enter');
    await expect
      .poll(async () => (await (await page.request.get(`/api/v1/albums/${id}`)).json()).cover_photo_id)
      .toBe(photos[0]);
  });
});
