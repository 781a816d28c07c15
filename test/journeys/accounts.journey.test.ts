import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openBrowser, password, signIn, type Visitor, visit } from './browser.ts';
import { startServer, type TestServer } from './server.ts';

describe.skipIf(!chromiumPath)('accounts in the browser', () => {
  let server: TestServer;
  let browser: Browser;
  const visitors: Visitor[] = [];

  /** A browser profile of its own; whatever goes wrong in its pages fails the test that opened it. */
  const newVisitor = async (options: Parameters<typeof visit>[2] = {}): Promise<Page> => {
    const visitor = await visit(browser, server.url, options);
    visitors.push(visitor);
    return visitor.page;
  };
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  afterEach(async () => {
    const errors = visitors.flatMap((visitor) => visitor.errors);
    for (const visitor of visitors.splice(0)) await visitor.close();
    expect(errors).toEqual([]);
  });

  test('the first person is led to set-up, and is at the gallery after three actions', async () => {
    const page = await newVisitor();
    await page.goto('/');
    await page.waitForURL('**/setup');
    await page.getByLabel('Username').fill('ines');
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Start the library' }).click();
    await page.waitForURL('**/photos');
    expect(await page.title()).toBe('Photos · Tintype');
    // The first account is the administrator's, so it finds the people.
    await page.getByRole('button', { name: 'ines, your account' }).click();
    await page.getByRole('menuitem', { name: 'People' }).click();
    await page.getByRole('heading', { name: 'People' }).waitFor();
    await page.getByRole('row', { name: /ines.*Administrator/ }).waitFor();
  });

  test('a taken name, a weak password and an empty form are explained beside the fields', async () => {
    const page = await newVisitor();
    await page.goto('/signup');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('Choose a username.').waitFor();
    await expect.poll(() => focusedName(page)).toBe('username');
    await page.getByLabel('Username').fill('ines');
    await page.getByLabel('E-mail (optional)').fill('tomas@example.org');
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('A password needs at least 8 characters.').waitFor();
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('Someone here is already “ines”. Try “tomas”.').waitFor();
    await page.getByLabel('Username').fill('tomas');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.waitForURL('**/photos');
  });

  test('a wrong password is refused without a hint, and the right one returns to the page asked for', async () => {
    const page = await newVisitor();
    await page.goto('/settings/security');
    await page.waitForURL('**/login?next=*');
    for (const [name, secret] of [
      ['tomas', 'not the password'],
      ['nobody-here', 'not the password'],
    ] as const) {
      await page.getByLabel('Username or e-mail').fill(name);
      await page.getByLabel('Password', { exact: true }).fill(secret);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('That username or e-mail and password do not match.').waitFor();
      await expect.poll(() => focusedName(page)).toBe('password');
    }
    await page.getByLabel('Username or e-mail').fill('TOMAS@example.org');
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/settings/security');
  });

  test('sessions are listed and ended, and an ended one is sent to sign in', async () => {
    const here = await newVisitor();
    const there = await newVisitor({
      userAgent: 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0',
    });
    await signIn(here, 'tomas');
    await signIn(there, 'tomas');
    await here.goto('/settings/security');
    await here.getByRole('button', { name: 'Sign out Firefox on Android' }).click();
    await here.getByText('Firefox on Android is signed out').waitFor();
    await here.getByText('Firefox on Android', { exact: true }).waitFor({ state: 'detached' });
    await there.goto('/settings/profile');
    await there.waitForURL('**/login?next=*');
    await here.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await here.getByRole('button', { name: 'Sign the others out' }).click();
    await here.getByText('Signed out everywhere else').waitFor();
    await expect.poll(() => here.getByRole('button', { name: /^Sign out / }).count()).toBe(0);
    expect(await here.getByText('This browser').count()).toBe(1);
  });

  test('an API key is shown once, works for what it may do, and stops when deleted', async () => {
    const page = await newVisitor();
    await signIn(page, 'tomas');
    await page.goto('/settings/api-keys');
    await page.getByRole('button', { name: 'Make a key' }).click();
    await page.getByLabel('What it is for').fill('Phone backup');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const key = await page.getByRole('textbox', { name: 'API key' }).inputValue();
    const ask = (path: string) => fetch(`${server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${key}` } });
    expect((await ask('/photos')).status).toBe(200);
    expect((await ask('/me')).status).toBe(403);
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByText('Phone backup', { exact: true }).waitFor();
    expect(await page.content()).not.toContain(key);
    await page.getByRole('button', { name: 'Delete the key Phone backup' }).click();
    await page.getByRole('button', { name: 'Delete the key', exact: true }).click();
    await page.getByText('No keys yet').waitFor();
    expect((await ask('/photos')).status).toBe(401);
  });

  test('a profile is changed, the e-mail only with the password', async () => {
    const page = await newVisitor();
    await signIn(page, 'tomas');
    await page.goto('/settings/profile');
    await page.getByLabel('Name', { exact: true }).fill('Tomás Okoro');
    await page.getByLabel('E-mail (optional)').fill('okoro@example.org');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('A new e-mail address needs your password.').waitFor();
    await page.getByLabel('Your password, to change the e-mail').fill(password);
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByRole('button', { name: 'Tomás Okoro, your account' }).waitFor();
    await page.reload();
    expect(await page.getByLabel('E-mail (optional)').inputValue()).toBe('okoro@example.org');
  });

  test('a new password ends the other sessions and is the only one that works', async () => {
    const here = await newVisitor();
    const there = await newVisitor();
    const fresh = 'another quiet harbour';
    await signIn(here, 'tomas');
    await signIn(there, 'tomas');
    await here.goto('/settings/security');
    await here.getByLabel('Password now').fill('wrong');
    await here.getByLabel('New password').fill(fresh);
    await here.getByRole('button', { name: 'Change the password' }).click();
    await here.getByText('That is not your current password.').waitFor();
    await here.getByLabel('Password now').fill(password);
    await here.getByRole('button', { name: 'Change the password' }).click();
    await here.getByText(/Your password is changed/).waitFor();
    await there.goto('/photos');
    await there.waitForURL('**/login?next=*');
    await signIn(there, 'tomas', fresh);
  });

  test('an administrator gives a way back in, disables and lets back in', async () => {
    const admin = await newVisitor();
    const person = await newVisitor();
    await signIn(admin, 'ines');
    await admin.goto('/admin/users');
    const choose = async (what: string): Promise<void> => {
      await admin.getByRole('button', { name: 'What to do with Tomás Okoro' }).click();
      await admin.getByRole('menuitem', { name: what }).click();
    };
    await choose('Make a reset link');
    const link = await admin.getByLabel('Link').inputValue();
    await admin.getByRole('button', { name: 'Done' }).click();
    await person.goto(link);
    await person.getByLabel('New password').fill(password);
    await person.getByRole('button', { name: 'Keep this password' }).click();
    await person.getByText('Your password is changed. Sign in with the new one.').waitFor();
    await person.goto(link);
    await person.getByLabel('New password').fill(password);
    await person.getByRole('button', { name: 'Keep this password' }).click();
    await person.getByText('This link was used already or is too old. Ask for a new one.').waitFor();
    await signIn(person, 'tomas');
    await choose('Disable');
    await admin.getByRole('button', { name: 'Disable', exact: true }).click();
    await admin.getByRole('row', { name: /Tomás Okoro.*Disabled/ }).waitFor();
    await person.goto('/photos');
    await person.waitForURL('**/login?next=*');
    await choose('Let back in');
    await admin.getByRole('row', { name: /Tomás Okoro.*Member/ }).waitFor();
    await signIn(person, 'tomas');
  });

  test('people who are no administrators find no people page', async () => {
    const page = await newVisitor();
    await signIn(page, 'tomas');
    await page.goto('/admin/users');
    await page.getByRole('heading', { name: 'An empty frame' }).waitFor();
  });

  test('sign up, theme, key, sign out and delete the account by keyboard alone', async () => {
    const page = await newVisitor();
    await page.goto('/signup');
    await page.getByLabel('Username').waitFor();
    await tabTo(page, 'username');
    await page.keyboard.type('maren');
    await tabTo(page, 'password');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/photos');

    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('/');
    await page.keyboard.type('fog?');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/search?q=fog%3F');

    await tabTo(page, 'maren, your account');
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Settings' }).waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent?.includes('Settings'));
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/profile');
    await tabTo(page, 'Appearance');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/settings/appearance');
    await tabTo(page, 'theme');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');

    await page.goto('/settings/profile');
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    await tabTo(page, 'Delete my account');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    await page.keyboard.type('maren');
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('That is not your current password.').waitFor();
    await page.keyboard.press('Control+A');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/login');
    await page.goto('/photos');
    await page.waitForURL('**/login?next=*');
  });

  test('signing out forgets, and Back shows nothing of the account', async () => {
    const page = await newVisitor();
    await signIn(page, 'tomas');
    await page.goto('/settings/profile');
    await page.getByRole('button', { name: 'Tomás Okoro, your account' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL('**/login');
    await page.goBack();
    await page.waitForURL('**/login?next=*');
    expect(await page.getByText('Tomás Okoro').count()).toBe(0);
  });

  test('a server that is away is said so, and trying again works', async () => {
    const page = await newVisitor();
    await signIn(page, 'tomas');
    await page.route('**/api/v1/me', (route) => route.abort());
    await page.goto('/photos');
    await page.getByRole('heading', { name: 'Out of reach' }).waitFor();
    await page.unroute('**/api/v1/me');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('navigation', { name: 'Library' }).waitFor();
  });
});

describe.skipIf(!chromiumPath)('a library by invitation, that others can reach', () => {
  test('set-up needs the token that was printed, sign-up the link', async () => {
    const server = await startServer({ HOST: '0.0.0.0', TINTYPE_REGISTRATION: 'invite' });
    const browser = await openBrowser();
    try {
      const token = /setup\?token=(\S+)/.exec(server.log())?.[1] as string;
      const admin = await visit(browser, server.url);
      await admin.page.goto('/setup');
      await admin.page.getByLabel('Setup token').fill('not the token');
      await admin.page.getByLabel('Username').fill('ines');
      await admin.page.getByLabel('Password', { exact: true }).fill(password);
      await admin.page.getByRole('button', { name: 'Start the library' }).click();
      await admin.page.getByText(/needs the set-up token/).waitFor();
      await admin.page.goto(`/setup?token=${token}`);
      await admin.page.getByLabel('Username').fill('ines');
      await admin.page.getByLabel('Password', { exact: true }).fill(password);
      await admin.page.getByRole('button', { name: 'Start the library' }).click();
      await admin.page.waitForURL('**/photos');

      await admin.page.goto('/admin/users');
      await admin.page.getByRole('button', { name: 'Invite someone' }).click();
      const link = await admin.page.getByLabel('Link').inputValue();
      await admin.page.getByRole('button', { name: 'Done' }).click();
      await admin.page.getByRole('heading', { name: 'Open invitations' }).waitFor();

      const guest = await visit(browser, server.url);
      await guest.page.goto('/signup');
      await guest.page.getByRole('heading', { name: 'By invitation' }).waitFor();
      await guest.page.goto(link);
      await guest.page.getByLabel('Username').fill('jun');
      await guest.page.getByLabel('Password', { exact: true }).fill(password);
      await guest.page.getByRole('button', { name: 'Make the account' }).click();
      await guest.page.waitForURL('**/photos');

      await admin.page.reload();
      await admin.page.getByRole('row', { name: /jun/ }).waitFor();
      expect(await admin.page.getByRole('heading', { name: 'Open invitations' }).count()).toBe(0);
      expect([...admin.errors, ...guest.errors]).toEqual([]);
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});

describe.skipIf(!chromiumPath)('a library of one owner', () => {
  test('nobody signs in, and nothing of signing in is shown', async () => {
    const server = await startServer({ TINTYPE_MODE: 'single' });
    const browser = await openBrowser();
    try {
      const { page, errors } = await visit(browser, server.url);
      await page.goto('/login');
      await page.waitForURL('**/photos');
      await page.getByRole('button', { name: /, your account$/ }).click();
      await page.getByRole('menuitem', { name: 'Settings' }).click();
      await page.getByRole('heading', { name: 'Profile' }).waitFor();
      expect(await page.getByRole('menuitem', { name: 'Sign out' }).count()).toBe(0);
      expect(await page.getByRole('navigation', { name: 'Settings' }).getByRole('link').allInnerTexts()).toEqual([
        'Profile',
        'Appearance',
        'Studio',
        'Tags',
        'Statistics',
      ]);
      expect(await page.getByRole('button', { name: 'Delete my account' }).count()).toBe(0);
      await page.getByLabel('Name', { exact: true }).fill('Ines Aldana');
      await page.getByRole('button', { name: 'Save changes' }).click();
      await page.getByRole('button', { name: 'Ines Aldana, your account' }).waitFor();
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});

/** What has the focus, by the name of its field or by its label or text. */
const focusedName = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    const name = element?.getAttribute('name') ?? element?.getAttribute('aria-label') ?? element?.textContent;
    return name?.trim() ?? '';
  });

/** Presses Tab until that has the focus; going round without meeting it fails. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await focusedName(page)) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to “${name}”; the focus is on “${await focusedName(page)}”.`);
}
