import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scale } from '../scale.ts';
import { chromiumPath, openBrowser, password, signIn, signUp, type Visitor, visit } from './browser.ts';
import { startServer, type TestServer } from './server.ts';

const every = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
  { width: 768, height: 1024 },
];
const sizes = every.slice(0, scale(2, 3));

type Axe = { run(on: Document, options: RunOptions): Promise<AxeResults> };
const options: RunOptions = { rules: { 'target-size': { enabled: true } } };

describe.skipIf(!chromiumPath)('axe finds nothing', () => {
  let server: TestServer;
  let browser: Browser;
  let visitor: Visitor;
  let page: Page;
  let axe: string;

  /** Holds the page as it is now, dialogs open and all, against axe: three sizes, both themes, and no scrolling sideways. */
  async function check(): Promise<void> {
    const found: string[] = [];
    for (const size of sizes) {
      await page.setViewportSize(size);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const where = `${new URL(page.url()).pathname} ${size.width} ${colorScheme}`;
        if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
        const { violations } = await page.evaluate(
          (how) => (window as unknown as { axe: Axe }).axe.run(document, how),
          options,
        );
        for (const { id, nodes } of violations) {
          for (const node of nodes) found.push(`${where}: ${id}: ${node.html.slice(0, 200)}: ${node.failureSummary}`);
        }
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (beyond > 0) found.push(`${where}: ${beyond} px too wide`);
      }
    }
    expect(found).toEqual([]);
  }

  /** Opens a page and waits until it has settled: nothing is on its way any more. */
  async function open(path: string): Promise<void> {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(path);
    await page.waitForLoadState('networkidle');
    await page.getByRole('heading', { level: 1 }).first().waitFor({ state: 'attached' });
  }

  const button = (name: string) => page.getByRole('button', { name, exact: true });

  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    [server, browser] = await Promise.all([startServer({ TINTYPE_REGISTRATION: 'invite' }), openBrowser()]);
    // Colours in the middle of a transition are nobody's choice.
    visitor = await visit(browser, server.url, { reducedMotion: 'reduce', bypassCSP: true });
    page = visitor.page;
    // A stream that stays open would keep the page from ever being still.
    await visitor.context.route('**/api/v1/events', (route) => route.abort());
  });
  afterAll(async () => {
    expect(visitor?.errors ?? []).toEqual([]);
    await browser?.close();
    await server?.stop();
  });

  test('at the door', async () => {
    await open('/setup');
    await check();
    await button('Start the library').click();
    await page.getByText('Choose a username.').waitFor();
    await check();
    await signUp(page, 'ines');
    await page.context().clearCookies();
    for (const path of ['/login', '/signup', '/signup?invitation=x', '/forgot', '/reset', '/reset?token=x']) {
      await open(path);
      await check();
    }
    await open('/login');
    await page.getByLabel('Username or e-mail').fill('ines');
    await page.getByLabel('Password', { exact: true }).fill('not it');
    await button('Sign in').click();
    await page.getByText('That username or e-mail and password do not match.').waitFor();
    await check();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await button('Sign in').click();
    await page.waitForURL('**/photos');
  });

  test('in the empty gallery, the menu and the help', async () => {
    for (const path of ['/photos', '/photos?favorite=true', '/photos?q=fog', '/trash', '/nothing/here']) {
      await open(path);
      await check();
    }
    await open('/photos');
    await button('ines, your account').click();
    await page.getByRole('menuitem', { name: 'Settings' }).waitFor();
    await checkOpenMenu();
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await check();
  });

  test('in the settings, dialogs open', async () => {
    await open('/settings/profile');
    await check();
    await button('Delete my account').click();
    await page.getByRole('alertdialog').waitFor();
    await button('Delete for good').click();
    await page.getByText('Type ines to confirm.').waitFor();
    await check();
    await open('/settings/security');
    await check();
    await button('Sign out everywhere else').click();
    await page.getByRole('alertdialog').waitFor();
    await check();
    await open('/settings/appearance');
    await check();
    await open('/settings/api-keys');
    await check();
    await button('Make a key').click();
    await page.getByRole('dialog').waitFor();
    await check();
    await page.getByLabel('What it is for').fill('Phone backup');
    await button('Make the key').click();
    await page.getByRole('textbox', { name: 'API key' }).waitFor();
    await check();
    await button('I have it').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await check();
  });

  test('among the people', async () => {
    await open('/admin/users');
    await button('Invite someone').click();
    await page.getByLabel('Link').waitFor();
    await check();
    const link = await page.getByLabel('Link').inputValue();
    await button('Done').click();
    const guest = await visit(browser, server.url);
    await guest.page.goto(link);
    await guest.page.getByLabel('Username').fill('tomas');
    await guest.page.getByLabel('Password', { exact: true }).fill(password);
    await guest.page.getByRole('button', { name: 'Make the account' }).click();
    await guest.page.waitForURL('**/photos');
    await guest.close();
    await button('Invite someone').click();
    await button('Done').click();
    await page.reload();
    await page.getByRole('heading', { name: 'Open invitations' }).waitFor();
    await check();
    await button('What to do with tomas').click();
    await page.getByRole('menuitem', { name: 'Make a reset link' }).waitFor();
    await checkOpenMenu();
    await page.getByRole('menuitem', { name: 'Set the quota…' }).click();
    await page.getByLabel('Photos', { exact: true }).fill('many');
    await button('Set the quota').click();
    await page.getByText('Write a whole number, such as 10 000.').waitFor();
    await check();
    await page.getByLabel('Photos', { exact: true }).fill('10 000');
    await button('Set the quota').click();
    await page.getByText('0 of 10 000 photos').filter({ visible: true }).first().waitFor();
    await button('New person').click();
    await button('Make the account').click();
    await page.getByText('Choose a username.').waitFor();
    await check();
    await page.getByLabel('Username').fill('maren');
    await button('Make the account').click();
    await page.getByLabel('Link', { exact: true }).waitFor();
    await check();
  });

  test('among photos, in the lightbox and in the trash', async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    const ids = await Promise.all(
      [0, 1, 2, 3].map(async (hue) => {
        const body = await picture(hue);
        const answer = await page.request.post(`/api/v1/photos?filename=IMG_${hue}.jpg`, {
          headers: { 'content-type': 'image/jpeg', origin: server.url },
          data: body,
        });
        expect(answer.status()).toBe(201);
        return ((await answer.json()) as { id: string }).id;
      }),
    );
    await open('/photos');
    await page.locator(`a[href*="${ids[0]}"]`).first().waitFor();
    await check();
    await open(`/photos/${ids[0]}`);
    await check();
    await page.keyboard.press('i');
    await check();
    const trashed = await page.request.delete(`/api/v1/photos/${ids[3]}`, { headers: { origin: server.url } });
    expect(trashed.status()).toBe(204);
    await open('/trash');
    await check();
    await open('/photos');
    await page.locator(`a[href*="${ids[0]}"]`).first().focus();
    await page.keyboard.press('x');
    await page.getByRole('button', { name: /trash/i }).first().waitFor();
    await check();
  });

  test('among albums, dialogs open', async () => {
    const headers = { origin: server.url };
    const post = async (path: string, data: object, by = page.request) => {
      const answer = await by.post(`/api/v1${path}`, { headers, data });
      expect(answer.status()).toBe(201);
      return (await answer.json()) as { id: string };
    };
    for (const path of ['/albums', '/shared']) {
      await open(path);
      await check();
    }
    const found = (await (await page.request.get('/api/v1/photos')).json()) as { items: { id: string }[] };
    const photo_ids = found.items.map(({ id }) => id);
    const album = await post('/albums', { name: 'Lakes in October', photo_ids, description: 'Most of them in fog.' });
    await post('/albums', { name: 'Everything made', filter: { generated: false } });
    await post('/albums', { name: 'Nothing yet' });
    const other = await visit(browser, server.url);
    await signIn(other.page, 'tomas');
    await post(`/albums/${album.id}/members`, { username: 'tomas', role: 'contributor' });
    const theirs = await post('/albums', { name: 'Bilbao, rained out' }, other.page.request);
    await post(`/albums/${theirs.id}/members`, { username: 'ines', role: 'viewer' }, other.page.request);
    await other.close();
    await post('/share/create', { album_id: album.id });
    expect((await page.request.put(`/api/v1/albums/${album.id}/pin`, { headers })).status()).toBe(204);
    for (const path of ['/albums', '/albums?q=nothing-of-the-kind', '/shared', `/albums/${theirs.id}`]) {
      await open(path);
      await check();
    }
    await open('/albums');
    await page.keyboard.press('n');
    await page.getByRole('dialog', { name: 'New album' }).waitFor();
    await button('Make the album').click();
    await page.getByText('Give it a name').waitFor();
    await check();
    await open(`/albums/${album.id}`);
    await page.locator('.tile').nth(1).waitFor();
    await check();
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press('r');
    await page.getByLabel('Name', { exact: true }).waitFor();
    await check();
    await page.keyboard.press('Escape');
    await page.keyboard.press('+');
    await page.getByRole('dialog', { name: 'Add photos' }).waitFor();
    await page.getByRole('checkbox').first().waitFor({ state: 'attached' });
    await check();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('i');
    await page.getByRole('dialog', { name: 'People in this album' }).getByRole('button', { name: 'Invite' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Invite' }).click();
    await page.getByText('Type their username.').waitFor();
    await check();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.setViewportSize({ width: 1440, height: 900 });
    await button('More').click();
    await page.getByRole('menuitem', { name: 'Rename' }).waitFor();
    await checkOpenMenu();
    await page.keyboard.press('Escape');
    await page.locator('.tile > a').first().focus();
    await page.keyboard.press('x');
    await page.getByText('1 selected').waitFor();
    await check();
    await page.keyboard.press('m');
    await page.getByRole('region', { name: 'Moving photos' }).waitFor();
    await check();
    await page.keyboard.press('Escape');
    await page.keyboard.press('a');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /Nothing yet/ })
      .waitFor();
    await check();
    await page.keyboard.press('Escape');
    await open(`/albums/${album.id}/${photo_ids[0]}`);
    await page.getByText(/1 of \d, Lakes in October/).waitFor();
    await check();
  });

  test('where the bytes are', async () => {
    await open('/admin/storage');
    await page.getByText(/^A file of 64 KB was written, read and deleted at \d\d:\d\d\.$/).waitFor();
    await check();
    await page.getByRole('button', { name: 'Move the library here' }).first().click();
    await page.getByRole('alertdialog').waitFor();
    await check();
    await page.keyboard.press('Escape');
  });

  test('among jobs and in the audit log', async () => {
    await open('/admin/jobs');
    await page.getByText('Nothing has failed').waitFor();
    await check();
    // What leaves the trash is swept by a job.
    const headers = { origin: server.url };
    const added = await page.request.post('/api/v1/photos', {
      headers: { ...headers, 'content-type': 'image/jpeg' },
      data: await picture(7),
    });
    const { id } = (await added.json()) as { id: string };
    expect((await page.request.delete(`/api/v1/photos/${id}`, { headers })).status()).toBe(204);
    expect((await page.request.post('/api/v1/photos/batch/purge', { headers, data: { all: true } })).ok()).toBe(true);
    await open('/admin/jobs?state=all');
    await page.getByRole('button', { name: 'Delete: Delete files of photos that are gone' }).first().waitFor();
    await check();
    await page.getByRole('button', { name: 'Delete: Delete files of photos that are gone' }).first().click();
    await page.getByRole('alertdialog').waitFor();
    await check();
    await open('/admin/audit');
    await page.getByText('made an API key').first().waitFor();
    await check();
    await open('/admin/audit?action=job_deleted');
    await page.getByText('Nothing like that').waitFor();
    await check();
    const me = (await (await page.request.get('/api/v1/me')).json()) as { id: string };
    const limited = await page.request.patch(`/api/v1/users/${me.id}`, {
      headers,
      data: { quota_bytes: 1_000_000_000, quota_photos: 0 },
    });
    expect(limited.status()).toBe(200);
    await open('/settings/profile');
    await page.getByText(/There is no room for more/).waitFor();
    await check();
  });

  /** A menu closes when the window changes its size, so it is opened in each. */
  async function checkOpenMenu(): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
      const violations = await page.evaluate(async (how) => {
        const found = await (window as unknown as { axe: Axe }).axe.run(document, how);
        return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      }, options);
      expect(violations).toEqual([]);
      expect(await page.getByRole('menu').isVisible()).toBe(true);
    }
  }
});

/** A photo-like JPEG of a hue: soft shapes, 900 × 600. */
function picture(seed: number): Promise<Buffer> {
  const hue = seed * 90;
  return sharp(
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600">
      <rect width="900" height="600" fill="hsl(${hue} 60% 70%)"/>
      <circle cx="${200 + hue}" cy="240" r="160" fill="hsl(${hue + 40} 70% 40%)"/>
      <path d="M0 420 300 300 600 460 900 340V600H0Z" fill="hsl(${hue + 120} 30% 25%)"/></svg>`),
  )
    .jpeg()
    .toBuffer();
}
