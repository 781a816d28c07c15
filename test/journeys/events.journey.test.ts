import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { chromiumPath, openBrowser, signIn, signUp, type Visitor, visit } from './browser.ts';
import { startServer, type TestServer } from './server.ts';

describe.skipIf(!chromiumPath)('two windows of one library', () => {
  let server: TestServer;
  let browser: Browser;
  let folder: string;
  const visitors: Visitor[] = [];

  const newVisitor = async (): Promise<Page> => {
    const visitor = await visit(browser, server.url);
    visitors.push(visitor);
    return visitor.page;
  };
  /** Counts what would be lost by a reload, and waits until the window hears of changes. */
  const settled = async (page: Page, path: string): Promise<Page> => {
    const stream = page.waitForResponse((response) => response.url().endsWith('/api/v1/events'));
    await page.goto(path);
    expect((await stream).status()).toBe(200);
    await page.evaluate('window.isSamePage = true');
    return page;
  };
  const save = async (name: string, seed: number, takenAt: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, await makePhoto({ width: 900, height: 600, seed, takenAt }));
    return file;
  };
  const upload = async (page: Page, files: string[]): Promise<void> => {
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('u');
    await (await chooser).setFiles(files);
    await page.getByRole('heading', { name: /added$/ }).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  };
  const tiles = (page: Page) => page.locator('.tile:not(.coming)');

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tintype-windows-'));
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('agree without a reload; a stranger’s window shows nothing of it', async () => {
    const [one, strangers] = [await newVisitor(), await newVisitor()];
    await signUp(one, 'ines');
    await signUp(strangers, 'oskar');
    const asked: string[] = [];
    strangers.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await settled(strangers, '/photos');
    const other = await settled(await one.context().newPage(), '/photos');
    await settled(one, '/photos');
    const trash = await settled(await one.context().newPage(), '/trash');
    await trash.getByRole('heading', { name: 'The trash is empty' }).waitFor();

    // Uploads.
    const day = (nth: number) => `2024-0${nth}-14T09:30:00+02:00`;
    await upload(one, [
      await save('one.jpg', 1, day(6)),
      await save('two.jpg', 2, day(6)),
      await save('three.jpg', 3, day(3)),
    ]);
    await expect.poll(() => tiles(other).count()).toBe(3);
    expect(await tiles(one).count()).toBe(3);

    // A heart and a caption, while the other window has a photo selected and another under the keys.
    await other.locator('.tile').nth(2).getByRole('checkbox').check();
    await other.locator('.tile').nth(1).locator('a').focus();
    const focused = () => other.evaluate('document.activeElement?.closest("[data-id]")?.dataset.id');
    const before = await focused();
    expect(before).toBeTruthy();
    await one.locator('.tile').first().locator('a').focus();
    await one.keyboard.press('f');
    const heart = (page: Page) => page.locator('.tile').first().locator('.fav');
    await heart(other).waitFor();
    expect(await heart(one).count()).toBe(1);
    expect(await focused()).toBe(before);
    expect(await other.locator('.tile').nth(2).getByRole('checkbox').isChecked()).toBe(true);

    // Who looks closely at a photo goes on looking while it changes.
    const third = one.locator('.tile').nth(2);
    await third.locator('a').click();
    await one.locator('.lb img[data-quality="preview"]').waitFor();
    await one.keyboard.press('+');
    const zoom = () => one.locator('.lb figure img').getAttribute('data-scale');
    const zoomed = Number(await zoom());
    expect(zoomed).toBeGreaterThan(1);
    const headers = { origin: server.url };
    const changed = { headers, data: { is_favorite: true } };
    await one.request.patch(`/api/v1/photos/${await third.getAttribute('data-id')}`, changed);
    await third.locator('.fav').waitFor({ state: 'attached' });
    expect(Number(await zoom())).toBe(zoomed);
    await one.keyboard.press('Escape');

    // Into the trash, and back out of it.
    await one.locator('.tile').first().locator('a').focus();
    await one.keyboard.press('Delete');
    await expect.poll(() => tiles(other).count()).toBe(2);
    expect(await focused()).toBe(before);
    await trash.getByRole('button', { name: /^Restore: / }).waitFor();
    await trash.getByRole('button', { name: /^Restore: / }).click();
    await expect.poll(() => tiles(one).count()).toBe(3);
    await expect.poll(() => tiles(other).count()).toBe(3);
    await heart(one).waitFor();

    for (const page of [one, other, trash]) expect(await page.evaluate('window.isSamePage')).toBe(true);

    // The stranger's own upload comes after all that; before it, their window had no reason to ask for anything.
    const quiet = asked.lastIndexOf('/api/v1/events');
    // With each stream the header asks what it shows, and the timeline what changed before.
    const header = ['/api/v1/organizations', '/api/v1/me/invitations'];
    const since = asked.slice(quiet + 1).filter((address) => !header.includes(address));
    expect(since.filter((address) => address !== '/api/v1/timeline')).toEqual([]);
    expect(since.length).toBeLessThanOrEqual(1);
    expect(asked.slice(quiet + 1).length - since.length).toBeLessThanOrEqual(2);
    await strangers.getByRole('heading', { name: 'Blank plates, for now' }).waitFor();
    await upload(strangers, [await save('own.jpg', 9, day(5))]);
    await expect.poll(() => tiles(strangers).count()).toBe(1);
    expect([await tiles(one).count(), await tiles(other).count()]).toEqual([3, 3]);
  });

  test('a window whose session was ended elsewhere leaves for the sign-in', async () => {
    const [one, elsewhere] = [await newVisitor(), await newVisitor()];
    await signIn(one, 'ines');
    await signIn(elsewhere, 'ines');
    await settled(one, '/photos');
    expect((await elsewhere.request.delete('/api/v1/sessions', { headers: { origin: server.url } })).status()).toBe(
      204,
    );
    await one.waitForURL('**/login?next=*');
    expect(visitors.flatMap(({ errors }) => errors)).toEqual([]);
  });
});
