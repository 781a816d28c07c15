import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openBrowser, password, signIn, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

/** How long the painter may take for a few small pictures on a busy machine. */
const patience = { timeout: 60_000 };

const bar = (page: Page) => page.getByRole('form', { name: 'Prompt' }).getByRole('textbox');
const pictures = (page: Page) => page.getByRole('button', { name: /^Picture \d, made in the studio/ });
const offer = (page: Page) => page.getByRole('region', { name: 'Pictures made before you signed in' });
const mine = async (page: Page) => {
  const answer = await page.request.get('/api/v1/photos?limit=100');
  expect(answer.status()).toBe(200);
  return (await answer.json()).items as { id: string; filename: string }[];
};

describe.skipIf(!chromiumPath)('who has not signed in', () => {
  let server: TestServer;
  let browser: Browser;
  let admin: Page;
  let passerby: Page;
  const visitors: Visitor[] = [];
  const newPage = async (): Promise<Page> => {
    const visitor = await visit(browser, server.url, {
      reducedMotion: 'reduce',
      bypassCSP: true,
      acceptDownloads: true,
    });
    visitors.push(visitor);
    return visitor.page;
  };

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
    admin = await newPage();
    await signUp(admin, 'ada');
    passerby = await newPage();
  });
  afterAll(async () => {
    expect(visitors.flatMap(({ errors }) => errors)).toEqual([]);
    await browser?.close();
    await server?.stop();
  });

  test('is not let in before an administrator says so, and does not hear of it at the door', async () => {
    await passerby.goto('/try');
    await passerby.getByText('Visitors cannot have pictures painted here at the moment.').waitFor();
    expect(await bar(passerby).count()).toBe(0);
    const asked = passerby.waitForResponse('**/api/v1/generation/try');
    await passerby.goto('/login');
    await passerby.getByRole('button', { name: 'Sign in' }).waitFor();
    await (await asked).finished();
    expect(await passerby.getByRole('link', { name: 'try the studio' }).count()).toBe(0);
  });

  test('is let in by an administrator’s switch', async () => {
    await admin.goto('/admin/studio');
    const box = admin.getByRole('switch', { name: 'Let visitors try the studio' });
    await expect.poll(() => box.isEnabled()).toBe(true);
    expect(await box.isChecked()).toBe(false);
    await box.press('Space');
    await admin.getByText('Visitors may try the studio').waitFor();
    await admin.reload();
    await expect.poll(() => box.isChecked()).toBe(true);
    expect(await findViolations(admin)).toEqual([]);
  });

  test('has four pictures painted, by keyboard, and finds them again after a reload', async () => {
    const page = passerby;
    await page.goto('/login');
    await page.getByRole('link', { name: 'try the studio' }).click();
    await page.waitForURL('**/try');
    await page.getByText('no AI model has a part in it').waitFor();
    expect(await findViolations(page)).toEqual([]);
    await bar(page).press('Enter');
    await page.getByRole('alert').getByText('Say what the picture is to show.').waitFor();
    await bar(page).fill('Create an image of a mountain lake at first light');
    await bar(page).press('Enter');
    await expect.poll(() => pictures(page).count(), patience).toBe(4);
    await page.getByText('4 pictures, kept in this browser').waitFor();
    expect(await findViolations(page)).toEqual([]);
    await page.reload();
    await expect.poll(() => pictures(page).count(), patience).toBe(4);
    await page.getByText('A mountain lake at first light', { exact: true }).waitFor();
    // None of it is on the server.
    expect(await mine(admin)).toEqual([]);
  });

  test('opens one, saves it as a file, deletes one, and thinks better of it', async () => {
    const page = passerby;
    await pictures(page).first().press('Enter');
    const dialog = page.getByRole('dialog', { name: 'A mountain lake at first light' });
    await dialog.getByRole('img').waitFor();
    expect(await findViolations(page)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      dialog.getByRole('link', { name: 'Save as a file' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^A mountain lake at first light \d+\.jpg$/);
    await dialog.press('Escape');
    await expect.poll(() => dialog.count()).toBe(0);
    await page.getByRole('button', { name: 'Delete picture 2' }).press('Enter');
    await expect.poll(() => pictures(page).count()).toBe(3);
    await page.getByRole('button', { name: 'Undo' }).press('Enter');
    await expect.poll(() => pictures(page).count()).toBe(4);
    await page.reload();
    await expect.poll(() => pictures(page).count()).toBe(4);
  });

  test('makes an account, takes the pictures over, and has them in the gallery with their prompts', async () => {
    const page = passerby;
    await page.getByRole('link', { name: 'Make an account to keep them' }).click();
    await page.getByText('4 pictures that you had painted are in this browser').waitFor();
    await page.getByLabel('Username').fill('ines');
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.waitForURL('**/photos');
    await offer(page).getByText('Take over 4 pictures?').waitFor();
    expect(await findViolations(page)).toEqual([]);

    // Later is later: with the next tab it is asked again.
    await offer(page).getByRole('button', { name: 'Later' }).press('Enter');
    await expect.poll(() => offer(page).count()).toBe(0);
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await offer(page).waitFor();

    // The connection breaks: what did not get through stays, and is sent once more.
    await page.route('**/api/v1/photos?*', (route) =>
      route.request().method() === 'POST' ? route.abort() : route.continue(),
    );
    await offer(page).getByRole('button', { name: 'Take over' }).press('Enter');
    await offer(page).getByText('4 pictures could not be taken over').waitFor();
    expect(await mine(page)).toEqual([]);
    await page.unroute('**/api/v1/photos?*');
    await offer(page).getByRole('button', { name: 'Try again' }).press('Enter');
    await page.getByText('4 pictures in your photos now').waitFor();
    await expect.poll(() => offer(page).count()).toBe(0);

    const photos = await mine(page);
    expect(photos).toHaveLength(4);
    for (const { id, filename } of photos) {
      expect(filename).toMatch(/^A mountain lake at first light \d+\.jpg$/);
      const answer = await page.request.get(`/api/v1/photos/${id}/metadata`);
      expect(await answer.json()).toMatchObject({
        generation_prompt: 'A mountain lake at first light',
        generation_params: { tool: 'the painter', seed: expect.any(Number) },
        digital_source_type: 'http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia',
      });
    }
    await expect.poll(() => page.locator('main [data-id], main a[href^="/photos/"]').count()).toBeGreaterThanOrEqual(4);
    await page.goto(`/photos/${photos[0]?.id}`);
    await page.getByRole('toolbar', { name: 'Photo' }).waitFor();
    await page.keyboard.press('i');
    const info = page.getByRole('complementary', { name: 'Info' });
    await info.getByText('Made by rules').waitFor();
    await info.getByText('A mountain lake at first light', { exact: true }).waitFor();
    await page.goto('/photos');
    expect(await page.evaluate(() => localStorage.getItem('tried'))).toBe(null);
  });

  test('is asked for nothing that is somebody else’s', async () => {
    expect(await mine(admin)).toEqual([]);
    const stranger = await newPage();
    await signUp(stranger, 'tomas');
    expect(await mine(stranger)).toEqual([]);
  });

  test('who has an account already is offered theirs after signing in, and may discard them', async () => {
    const page = await newPage();
    await page.goto('/try');
    await bar(page).fill('Poppies, linocut');
    await page.getByLabel('How many').selectOption('1');
    await bar(page).press('Enter');
    await expect.poll(() => pictures(page).count(), patience).toBe(1);
    await signIn(page, 'tomas');
    await offer(page).getByText('Take over 1 picture?').waitFor();
    await offer(page).getByRole('button', { name: 'Discard' }).press('Enter');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Discard' }).press('Enter');
    await expect.poll(() => offer(page).count()).toBe(0);
    expect(await page.evaluate(() => localStorage.getItem('tried'))).toBe(null);
    expect(await mine(page)).toEqual([]);
    // Somebody who is in has a studio of their own.
    await page.goto('/try');
    await page.waitForURL('**/studio');
  });

  test('is told when the server is busy, and that it is over once it is closed', async () => {
    const page = await newPage();
    await page.goto('/try');
    let refused = 0;
    await page.route('**/api/v1/generation/try', (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      refused += 1;
      const error = { code: 'rate_limited', message: 'That is a lot of pictures.', details: { retry_after: 600 } };
      return route.fulfill({ status: 429, json: { error } });
    });
    await page.getByLabel('How many').selectOption('2');
    await bar(page).fill('A harbour town');
    await bar(page).press('Enter');
    await expect.poll(() => page.getByText('That is a lot of pictures.').count(), patience).toBe(2);
    expect(refused).toBe(2);
    await page.unroute('**/api/v1/generation/try');
    await page.getByRole('button', { name: 'Try again' }).first().press('Enter');
    await expect.poll(() => pictures(page).count(), patience).toBe(1);
    await page.getByRole('button', { name: 'Take picture 2 away' }).press('Enter');

    await admin.goto('/admin/studio');
    // A key does not wait for a switch that is not known yet, as a click does.
    await admin.getByRole('switch', { name: 'Let visitors try the studio', disabled: false }).press('Space');
    await admin.getByText('The studio is closed to visitors').waitFor();
    await bar(page).fill('One more');
    await bar(page).press('Enter');
    await page.getByText('Sign in to make pictures here.').first().waitFor();
    // What was painted is theirs all the same.
    await page.reload();
    await page.getByText('Visitors cannot have pictures painted here at the moment.').waitFor();
    await expect.poll(() => pictures(page).count()).toBe(1);
    await page.getByRole('button', { name: 'Delete all' }).press('Enter');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete all' }).press('Enter');
    await expect.poll(() => pictures(page).count()).toBe(0);
  });
});
