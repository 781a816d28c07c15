import { mkdir, mkdtemp, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startEmbeddedPostgres } from '#platform/database/embedded-postgres.ts';
import { makePhoto } from '../fixtures/photo.ts';
import { chromiumPath, openBrowser, password, signIn, signUp, type Visitor, visit } from './browser.ts';
import { startServer, type TestServer } from './server.ts';

describe.skipIf(!chromiumPath)('administration in the browser', () => {
  let server: TestServer;
  let browser: Browser;
  let data: string;
  let photos: string[];
  const visitors: Visitor[] = [];

  const newVisitor = async (): Promise<Page> => {
    const visitor = await visit(browser, server.url);
    visitors.push(visitor);
    return visitor.page;
  };

  beforeAll(async () => {
    data = await mkdtemp(path.join(tmpdir(), 'tintype-journey-'));
    photos = await Promise.all([1, 2].map((seed) => photoFile(data, seed)));
    // Nobody but the administrator makes accounts here.
    [server, browser] = await Promise.all([
      startServer({ TINTYPE_DATA: path.join(data, 'library'), TINTYPE_REGISTRATION: 'closed' }),
      openBrowser(),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(data, { recursive: true, force: true });
  });
  afterEach(async () => {
    const errors = visitors.flatMap((visitor) => visitor.errors);
    for (const visitor of visitors.splice(0)) await visitor.close();
    expect(errors).toEqual([]);
  });

  test('by keyboard: a person is added, chooses a password by the link, and gets a quota', async () => {
    const admin = await newVisitor();
    await signUp(admin, 'ines');
    await admin.goto('/admin/users');
    await press(admin.getByRole('button', { name: 'New person' }));
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel('Username').waitFor();
    await admin.keyboard.type('ines');
    await admin.keyboard.press('Enter');
    await dialog.getByText(/Someone here is already “ines”/).waitFor();
    await admin.keyboard.press('Control+A');
    await admin.keyboard.type('tomas');
    await dialog.getByLabel('Space', { exact: true }).focus();
    await admin.keyboard.type('plenty');
    await admin.keyboard.press('Enter');
    await dialog.getByText('Write a size with its unit, such as 100 GB or 1.5 TB.').waitFor();
    await press(dialog.getByRole('button', { name: '10 GB' }));
    expect(await dialog.getByLabel('Space', { exact: true }).inputValue()).toBe('10 GB');
    await press(dialog.getByRole('button', { name: 'Make the account' }));
    const link = await admin.getByLabel('Link', { exact: true }).inputValue();
    await press(admin.getByRole('button', { name: 'Done' }));
    await dialog.waitFor({ state: 'detached' });
    await admin.getByRole('row', { name: /tomas.*Member.*0 of 10 GB/ }).waitFor();

    const tomas = await newVisitor();
    await tomas.goto(link);
    await tomas.getByLabel('New password').fill(password);
    await tomas.keyboard.press('Enter');
    await tomas.getByText('Your password is changed. Sign in with the new one.').waitFor();
    await signIn(tomas, 'tomas');

    await press(admin.getByRole('button', { name: 'What to do with tomas' }));
    await admin.getByRole('menuitem', { name: 'Set the quota…' }).waitFor();
    await admin.waitForFunction(() => document.activeElement?.textContent?.includes('Set the quota'));
    await admin.keyboard.press('Enter');
    await admin.getByRole('dialog', { name: 'What tomas may store' }).waitFor();
    await press(admin.getByRole('dialog').getByRole('button', { name: 'No limit' }).first());
    await admin.getByLabel('Photos', { exact: true }).fill('1');
    await admin.keyboard.press('Enter');
    await admin.getByText('The quota of tomas is set').waitFor();
    await admin.getByRole('row', { name: /tomas.*Member.*0 of 1 photo/ }).waitFor();
  });

  test('an upload over the quota is refused with words, until there is room', async () => {
    const page = await newVisitor();
    await signIn(page, 'tomas');
    await choose(page, photos.slice(0, 1));
    await page.getByText('1 photo added').waitFor();
    await choose(page, photos.slice(1));
    await page.getByText('No room for it: 1 of 1 photo used. Emptying the trash helps.').waitFor();
    await page.getByRole('button', { name: 'tomas, your account' }).click();
    await page.getByRole('menuitem', { name: 'Settings' }).click();
    const storage = page.getByRole('region', { name: 'Storage' });
    await storage.getByText('1 of 1 photo', { exact: true }).waitFor();
    await storage.getByText(/There is no room for more/).waitFor();

    const broken = await breakOriginal(path.join(data, 'library'));
    await page
      .getByRole('link', { name: /^Photos/ })
      .first()
      .click();
    await page.locator('.tile .pick').first().click({ force: true });
    await page.getByText('1 selected', { exact: true }).waitFor();
    await page.keyboard.press('Delete');
    await page.getByText(/moved to the trash/).waitFor();
    await page.getByRole('link', { name: 'Trash' }).first().click();
    await page.getByRole('button', { name: 'Empty the trash' }).click();
    await page.getByRole('button', { name: 'Delete 1 for good' }).click();
    await page.getByRole('heading', { name: 'The trash is empty' }).waitFor();
    await page.getByRole('button', { name: 'Retry photo-2.jpg' }).click();
    await page.getByText('2 photos added').waitFor();
    await broken.untilGivenUp();

    const admin = await newVisitor();
    await signIn(admin, 'ines');
    await admin.goto('/admin/jobs');
    const row = admin.getByRole('row', { name: /Delete files of photos that are gone/ });
    await row.getByRole('cell', { name: /is a directory/ }).waitFor();
    await broken.mend();
    await press(row.getByRole('button', { name: 'Retry: Delete files of photos that are gone' }));
    await admin.getByText('The job waits to be done again').waitFor();
    await admin.getByText('Nothing has failed').waitFor();
    await press(admin.getByRole('navigation', { name: 'Jobs by state' }).getByRole('link', { name: /^All/ }));
    await admin.waitForURL('**/admin/jobs?state=all');
    await admin
      .getByRole('row', { name: /Delete files of photos that are gone all of them.*Done/ })
      .first()
      .waitFor();
  });

  test('by keyboard: the library moves into the database and back, and its photos are shown all the while', async () => {
    const admin = await newVisitor();
    await signIn(admin, 'ines');
    await admin.goto('/admin/storage');
    await admin.getByText(/^A file of 64 KB was written, read and deleted at \d\d:\d\d\.$/).waitFor();
    for (const [to, from] of [
      ['Database', 'This disk'],
      ['This disk', 'Database'],
    ] as const) {
      const card = admin.getByRole('article', { name: to });
      await press(card.getByRole('button', { name: 'Move the library here' }));
      const question = admin.getByRole('alertdialog', {
        name: `Move the library to ${to === 'Database' ? 'the' : 'this'}`,
      });
      await press(question.getByRole('button', { name: 'Move the library' }));
      await question.waitFor({ state: 'detached' });
      await card.getByText('In use', { exact: true }).waitFor();
      await admin.getByRole('article', { name: from }).getByText('Left behind', { exact: true }).waitFor();
      await admin.getByRole('progressbar').waitFor({ state: 'detached' });
    }
    await press(admin.getByRole('button', { name: 'Read every byte' }));
    await admin.getByText(/every byte of \d+ files: nothing is wrong/).waitFor();
    const tomas = await newVisitor();
    await signIn(tomas, 'tomas');
    await tomas.locator('.tile img').first().waitFor();
    await expect
      .poll(() => tomas.evaluate(() => document.querySelector<HTMLImageElement>('.tile img')?.naturalWidth))
      .toBeGreaterThan(0);
  });

  test('the log tells all of it, by action and by person', async () => {
    const page = await newVisitor();
    await signIn(page, 'ines');
    await page.goto('/admin/audit');
    const log = page.getByRole('main');
    await log.getByText(/ines made an account for tomas, with a quota of 10 GB/).waitFor();
    const told = (await log.getByRole('listitem').allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim());
    for (const sentence of [
      /tomas set a new password by a link from 127\.0\.0\.1$/,
      /ines gave tomas a quota of 1 photo and space without a limit/,
      /ines had a job done again: photos\.sweep-blobs/,
    ]) {
      expect(told).toContainEqual(expect.stringMatching(sentence));
    }
    await page.getByLabel('What', { exact: true }).selectOption({ label: 'Job retried' });
    await page.waitForURL('**/admin/audit?action=job_retried');
    await expect
      .poll(() =>
        page
          .getByRole('listitem')
          .filter({ has: page.locator('time') })
          .count(),
      )
      .toBe(1);
    await page.getByRole('link', { name: 'Show everything' }).click();
    await page.waitForURL('**/admin/audit');
    await page.getByLabel('Who', { exact: true }).selectOption({ label: 'tomas' });
    await page.waitForURL('**/admin/audit?user_id=*');
    await page
      .getByText(/tomas signed in/)
      .first()
      .waitFor();
    expect(await page.getByText(/had a job done again/).count()).toBe(0);
    await page.reload();
    await page
      .getByText(/tomas signed in/)
      .first()
      .waitFor();
    expect(await page.getByLabel('Who', { exact: true }).locator('option:checked').textContent()).toBe('tomas');
    await page.getByLabel('What', { exact: true }).selectOption({ label: 'Job deleted' });
    await page.getByText('Nothing like that').waitFor();
  });

  test('who is no administrator finds none of it', async () => {
    const page = await newVisitor();
    await signIn(page, 'tomas');
    for (const address of ['/admin/jobs', '/admin/audit', '/admin/storage']) {
      await page.goto(address);
      await page.getByRole('heading', { name: 'An empty frame' }).waitFor();
    }
  });
});

/** Focus and Enter: what a keyboard does, wherever Tab came from. */
async function press(button: Locator): Promise<void> {
  await button.focus();
  await button.press('Enter');
}

/** Chooses files as the Upload button does. */
async function choose(page: Page, files: string[]): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Upload', exact: true }).click(),
  ]);
  await chooser.setFiles(files);
}

async function photoFile(folder: string, seed: number): Promise<string> {
  const file = path.join(folder, `photo-${seed}.jpg`);
  await writeFile(file, await makePhoto({ width: 240, height: 160, seed }));
  return file;
}

/**
 * Puts a folder where the library has its one original, so that deleting it fails as it does on a disk that is not well.
 */
async function breakOriginal(library: string): Promise<{ untilGivenUp(): Promise<void>; mend(): Promise<void> }> {
  const originals = path.join(library, 'originals');
  const names = await readdir(originals, { recursive: true });
  const original = path.join(originals, names.find((name) => /[0-9a-f]{64}$/.test(name)) as string);
  await rename(original, `${original}.away`);
  await mkdir(original);
  return {
    /** A job is given up after minutes of trying; for this one the next failure is the last. */
    async untilGivenUp() {
      const postgres = await startEmbeddedPostgres({ dataDir: library, logger: pino({ level: 'silent' }) });
      const client = new Client(postgres.owner);
      await client.connect();
      try {
        await expect
          .poll(
            async () => {
              await client.query(`update pgboss.job set retry_limit = 0 where state in ('created', 'retry', 'active')`);
              const { rows } = await client.query(`select count(*)::int as n from pgboss.job where state = 'failed'`);
              return rows[0].n;
            },
            { timeout: 60_000, interval: 500 },
          )
          .toBe(1);
      } finally {
        await client.end();
        await postgres.stop();
      }
    },
    async mend() {
      await rmdir(original);
      await rename(`${original}.away`, original);
    },
  };
}
