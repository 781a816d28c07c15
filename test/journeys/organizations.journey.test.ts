import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openBrowser, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

/** Colours in the middle of a transition are nobody's choice; axe is a script that the page's policy would not run. */
const examined: BrowserContextOptions = { reducedMotion: 'reduce', bypassCSP: true };
const phone = { width: 390, height: 844 };
const desk = { width: 1440, height: 900 };

describe.skipIf(!chromiumPath)('organizations, by keyboard alone', () => {
  let server: TestServer;
  let browser: Browser;
  const visitors: Visitor[] = [];
  let ines: Page;
  let tomas: Page;
  let maren: Page;
  let club: string;

  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
    const enter = async (name: string): Promise<Page> => {
      const visitor = await visit(browser, server.url, examined);
      visitors.push(visitor);
      await signUp(visitor.page, name);
      return visitor.page;
    };
    // The first account administers the library.
    const admin = await enter('astrid');
    await admin.close();
    [ines, tomas, maren] = [await enter('ines'), await enter('tomas'), await enter('maren')];
  });
  afterAll(async () => {
    expect(visitors.flatMap(({ errors }) => errors)).toEqual([]);
    await browser?.close();
    await server?.stop();
  });

  /** Nothing found on a wide screen and on a phone, in both themes. */
  async function examine(page: Page): Promise<void> {
    for (const size of [phone, desk]) {
      await page.setViewportSize(size);
      expect(await findViolations(page)).toEqual([]);
    }
    await page.emulateMedia({ colorScheme: 'light' });
  }

  test('one is made, gets a logo, and the header shows it at once and after a reload', async () => {
    await ines.goto('/organizations');
    await ines.getByRole('heading', { name: 'No organizations yet' }).waitFor();
    await examine(ines);
    await press(ines, ines.getByRole('button', { name: 'New organization' }));
    const making = ines.getByRole('dialog', { name: 'New organization' });
    await focused(making.getByLabel('Name'));
    await ines.keyboard.press('Enter');
    await making.getByText('Give it a name; you can change it later.').waitFor();
    await examine(ines);
    await focused(making.getByLabel('Name'));
    await ines.keyboard.type('Rowing club Ames');
    await tabTo(ines, making.getByLabel('Description, if you like'));
    await ines.keyboard.type('We row on the estuary.');
    await press(ines, making.getByRole('button', { name: 'Make the organization' }));
    await ines.waitForURL(/\/organizations\/[0-9a-f-]{36}$/);
    club = ines.url().split('/').at(-1) as string;
    await ines.getByRole('heading', { name: 'Rowing club Ames', level: 1 }).waitFor();
    await mark(ines, 'Rowing club Ames').waitFor();
    expect(await mark(ines, 'Rowing club Ames').locator('img').count()).toBe(0);

    await press(ines, ines.getByRole('button', { name: 'Choose a logo' }));
    const editor = ines.getByRole('dialog', { name: 'Logo of Rowing club Ames' });
    await focused(editor.getByRole('button', { name: 'Choose a file' }));
    await examine(ines);
    const chooser = ines.waitForEvent('filechooser');
    await ines.keyboard.press('Enter');
    const logo = await sharp({ create: { width: 480, height: 320, channels: 3, background: '#0a6' } })
      .png()
      .toBuffer();
    await (await chooser).setFiles({ name: 'club.png', mimeType: 'image/png', buffer: logo });
    await editor.getByRole('button', { name: 'Save logo' }).waitFor();
    await examine(ines);
    await press(ines, editor.getByRole('button', { name: 'Save logo' }));
    await editor.waitFor({ state: 'detached' });
    const shown = mark(ines, 'Rowing club Ames').locator('img');
    const address = await shown.getAttribute('src');
    expect(address).toMatch(new RegExp(`^/images/organizations/${club}/logo\\?v=[0-9a-f]{16}&size=256$`));
    await focused(ines.getByRole('button', { name: 'Change the logo' }));

    // What the header shows is kept in the browser: it waits for no answer.
    await ines.route('**/api/v1/organizations?*', (route) => route.abort());
    await ines.goto('/photos');
    await shown.waitFor();
    expect(await shown.getAttribute('src')).toBe(address);
    await ines.unroute('**/api/v1/organizations?*');
    await ines.setViewportSize(phone);
    await shown.waitFor();
    await examine(ines);
    await press(ines, mark(ines, 'Rowing club Ames'));
    await ines.waitForURL(`**/organizations/${club}`);
  });

  test('name, description and who finds it are changed in their place', async () => {
    await ines.goto(`/organizations/${club}`);
    await press(ines, ines.getByRole('button', { name: 'Change the name' }));
    await focused(ines.getByLabel('Name', { exact: true }));
    await ines.keyboard.type('Rowing club Bilbao');
    await ines.keyboard.press('Enter');
    await ines.getByRole('heading', { name: 'Rowing club Bilbao', level: 1 }).waitFor();
    await mark(ines, 'Rowing club Bilbao').waitFor();
    await press(ines, ines.getByRole('button', { name: 'Change the description' }));
    await ines.keyboard.type('We row on Saturdays.');
    await ines.keyboard.press('Enter');
    await ines.getByText('We row on Saturdays.').waitFor();
    await ines.reload();
    await ines.getByText('We row on Saturdays.').waitFor();
    await ines.getByText('Others see nothing of it', { exact: false }).waitFor();
  });

  test('whoever does not belong to it finds nothing, until it shows itself', async () => {
    for (const address of [
      `/organizations/${club}`,
      '/organizations/nothing',
      `/organizations/${crypto.randomUUID()}`,
    ]) {
      await maren.goto(address);
      await maren.getByRole('heading', { name: 'No such organization' }).waitFor();
    }
    await examine(maren);
    await tabTo(ines, ines.getByRole('radio', { name: 'Members only' }));
    await ines.keyboard.press('ArrowRight');
    await ines.getByText('Everyone with an account sees its name, logo and description.', { exact: false }).waitFor();
    await expect.poll(async () => (await maren.request.get(`/api/v1/organizations/${club}`)).status()).toBe(200);
    await maren.goto(`/organizations/${club}`);
    await maren.getByRole('heading', { name: 'Rowing club Bilbao', level: 1 }).waitFor();
    await maren.getByText('We row on Saturdays.').waitFor();
    expect(await maren.getByRole('heading', { level: 2 }).count()).toBe(0);
    expect(await maren.getByRole('button', { name: /logo|name|Leave|Delete/ }).count()).toBe(0);
    await maren.goto('/organizations');
    await maren.getByRole('heading', { name: 'In this library' }).waitFor();
    await maren.getByRole('link', { name: /Rowing club Bilbao/ }).waitFor();
    await examine(maren);
  });

  test('people are invited by username; one accepts, one declines, one is not waited for', async () => {
    await press(ines, ines.getByRole('button', { name: 'Invite someone' }));
    await focused(ines.getByLabel('Username'));
    await ines.keyboard.press('Enter');
    await ines.getByText('Type their username. They can tell you.').waitFor();
    await ines.keyboard.type('nobody');
    await ines.keyboard.press('Enter');
    await ines.getByText('Nobody here is called “nobody”. Ask them for their username.').waitFor();
    await examine(ines);
    await ines.keyboard.press('Escape');
    const start = ines.getByRole('button', { name: 'Invite someone' });
    for (const name of ['tomas', 'maren', 'astrid']) {
      await focused(start);
      await ines.keyboard.press('Enter');
      await focused(ines.getByLabel('Username'));
      await ines.keyboard.type(name);
      await ines.keyboard.press('Enter');
      await ines.getByRole('button', { name: `Withdraw the invitation of ${name}` }).waitFor();
    }
    await press(ines, ines.getByRole('button', { name: 'Withdraw the invitation of astrid' }));
    await ines.getByText('The invitation of astrid is withdrawn').waitFor();
    await examine(ines);

    // It is told by the stream of changes, wherever one is.
    await tomas.goto('/photos');
    await press(tomas, mark(tomas, '1 invitation waits for your answer'));
    await tomas.waitForURL('**/organizations');
    await tomas.getByText(/^ines asks you to join, since /).waitFor();
    await examine(tomas);
    await press(tomas, tomas.getByRole('button', { name: 'Accept the invitation of Rowing club Bilbao' }));
    await tomas.waitForURL(`**/organizations/${club}`);
    await tomas.getByText('Member, that’s you').waitFor();
    await mark(tomas, 'Rowing club Bilbao').locator('img').waitFor();
    expect(await tomas.getByRole('button', { name: /Invite|Withdraw|Change|Delete/ }).count()).toBe(0);
    await examine(tomas);

    await maren.goto('/photos');
    await press(maren, maren.getByRole('button', { name: 'maren, your account' }));
    const entry = maren.getByRole('menuitem', { name: 'Organizations, 1 invitation waits for your answer' });
    await entry.waitFor();
    await focused(maren.getByRole('menuitem', { name: 'Settings' }));
    await maren.keyboard.press('ArrowDown');
    await focused(entry);
    await maren.keyboard.press('Enter');
    await press(maren, maren.getByRole('button', { name: 'Decline the invitation of Rowing club Bilbao' }));
    await maren.getByText('You did not join Rowing club Bilbao').waitFor();
    // The last card took the button along.
    await focused(maren.locator('#main'));
    await expect.poll(() => maren.getByRole('link', { name: /waits for your answer/ }).count()).toBe(0);
    await ines.getByText('Nobody is asked at the moment.', { exact: false }).waitFor();
  });

  test('an administrator is needed: the last cannot leave, another one is made, then they can', async () => {
    await press(ines, ines.getByRole('button', { name: 'Leave the organization' }));
    const question = ines.getByRole('alertdialog', { name: 'Leave “Rowing club Bilbao”?' });
    await examine(ines);
    await press(ines, question.getByRole('button', { name: 'Leave the organization' }));
    await ines.getByText('The organization would be left without an administrator.', { exact: false }).waitFor();
    await question.waitFor({ state: 'detached' });

    await press(ines, ines.getByRole('button', { name: 'Change what tomas is here' }));
    await focused(ines.getByRole('menuitemradio', { name: 'Member' }));
    await ines.keyboard.press('ArrowDown');
    await focused(ines.getByRole('menuitemradio', { name: 'Administrator' }));
    await ines.keyboard.press('Enter');
    await ines.getByText('tomas administers it now').waitFor();
    // His page learns of it by itself.
    await tomas.getByRole('button', { name: 'Delete the organization' }).waitFor();
    await press(ines, ines.getByRole('button', { name: 'Leave the organization' }));
    await press(ines, question.getByRole('button', { name: 'Leave the organization' }));
    await ines.waitForURL('**/organizations');
    await ines.getByText('You left “Rowing club Bilbao”').waitFor();
    await expect.poll(() => ines.getByRole('banner').getByRole('link').count()).toBe(0);
    await tomas.getByText('1 member · Administrator').waitFor();
  });

  test('of several, the header shows the one opened last', async () => {
    for (const name of ['Harbour museum', 'Nordlys']) {
      const answer = await tomas.request.post('/api/v1/organizations', {
        data: { name },
        headers: { origin: server.url },
      });
      expect(answer.status()).toBe(201);
    }
    await tomas.goto('/organizations');
    await press(tomas, tomas.getByRole('main').getByRole('link', { name: /^Nordlys/ }));
    await mark(tomas, 'Nordlys').waitFor();
    await tomas.goto('/photos');
    await mark(tomas, 'Nordlys').waitFor();
    await tomas.reload();
    await mark(tomas, 'Nordlys').waitFor();
  });

  test('it is deleted, and nothing of it is left; an administrator of the library finds the others', async () => {
    await tomas.goto(`/organizations/${club}`);
    await press(tomas, tomas.getByRole('button', { name: 'Delete the organization' }));
    const question = tomas.getByRole('alertdialog', { name: 'Delete “Rowing club Bilbao”?' });
    await question
      .getByText('Its name, logo and description go for good. Its only member keeps what is theirs.')
      .waitFor();
    await focused(question.getByRole('button', { name: 'Keep it' }));
    await examine(tomas);
    await press(tomas, question.getByRole('button', { name: 'Delete the organization' }));
    await tomas.waitForURL('**/organizations');
    await mark(tomas, 'Harbour museum').waitFor();
    await tomas.goto(`/organizations/${club}`);
    await tomas.getByRole('heading', { name: 'No such organization' }).waitFor();

    const admin = await (visitors[0] as Visitor).context.newPage();
    await admin.goto('/admin/organizations');
    await admin.getByRole('row', { name: /Harbour museum.*1.*Members only/ }).waitFor();
    await examine(admin);
    await press(admin, admin.getByRole('button', { name: 'What to do with Nordlys' }));
    await focused(admin.getByRole('menuitem', { name: 'Open' }));
    await admin.keyboard.press('ArrowDown');
    await admin.keyboard.press('Enter');
    await press(admin, admin.getByRole('alertdialog').getByRole('button', { name: 'Delete the organization' }));
    await admin.getByText('“Nordlys” is deleted').waitFor();
    await admin.getByRole('row', { name: /Nordlys/ }).waitFor({ state: 'detached' });
    // One's own header knows as well.
    await tomas.goto('/organizations');
    await tomas.getByText('You belong to 1 organization').waitFor();
  });
});

/** The link in the header that shows an organization, or that somebody asks. */
const mark = (page: Page, name: string): Locator => page.getByRole('banner').getByRole('link', { name });

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
