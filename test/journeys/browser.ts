import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { expect, onTestFailed } from 'vitest';
import { findChromium } from '../chromium.ts';

/** Where Chromium is; undefined where there is none, and the journeys are then skipped by name. */
export const chromiumPath = findChromium();

/** Starts Chromium; `extra` are further switches, such as `--force-device-scale-factor=3`. */
export function openBrowser(extra: string[] = []): Promise<Browser> {
  // A container has neither the namespaces for Chromium's sandbox nor much shared memory.
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-dev-shm-usage', ...extra] });
}

/** One person's browser: cookies of their own, and whatever went wrong in their pages. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors thrown in any page of this visitor; a journey ends with `expect(visitor.errors).toEqual([])`. */
  readonly errors: string[];
  close(): Promise<void>;
}

/**
 * Opens a browser profile of its own at a server: 1440 × 900, light, unless told otherwise. Without the service worker: what it asks
 * for is not asked by the page, and a journey could not spoil it; `away.journey.test.ts` is about it.
 */
export async function visit(browser: Browser, baseURL: string, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({
    baseURL,
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    locale: 'en-GB',
    serviceWorkers: 'block',
    ...options,
  });
  const errors: string[] = [];
  const unanswered = new Set<string>();
  const watch = (page: Page): void => {
    page.on('request', (request) => unanswered.add(`${request.method()} ${request.url()}`));
    for (const ended of ['requestfinished', 'requestfailed'] as const)
      page.on(ended as 'requestfinished', (request) => unanswered.delete(`${request.method()} ${request.url()}`));
    // Playwright begins to catch file choosers only some time after it is first asked for one: so it is asked at once.
    page.on('filechooser', () => {});
    page.on('pageerror', (error) => errors.push(`${page.url()}: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      // Refused answers are part of the journeys; what the page itself may not do is a mistake of ours.
      if (message.type() === 'error' && message.text().includes('Content Security Policy')) errors.push(message.text());
    });
  };
  context.on('page', watch);
  const page = await context.newPage();
  // In a hook there is no test that could fail.
  if (expect.getState().currentTestName) onTestFailed(() => tell(context, [...errors, ...unanswered]));
  return { context, page, errors, close: () => context.close() };
}

/** What a journey that failed leaves on the screen: without it, "never became visible" is all one knows. */
async function tell(context: BrowserContext, known: string[]): Promise<void> {
  for (const page of context.pages()) {
    const seen = await page.locator('body').ariaSnapshot({ timeout: 5000 }).catch(String);
    const focus = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200)).catch(String);
    console.log([`${page.url()} showed:`, seen, `Focus: ${focus}`, 'Errors and open requests:', ...known].join('\n'));
  }
}

/** The password of everybody in the journeys. */
export const password = 'a quiet harbour at dawn';

/** Makes an account through the page, as a person does, and ends at the empty gallery. */
export async function signUp(page: Page, username: string): Promise<void> {
  await page.goto('/signup');
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: /^(Make the account|Start the library)$/ }).click();
  await page.waitForURL('**/photos');
}

/** Signs in through the page. */
export async function signIn(page: Page, username: string, secret: string = password): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('Username or e-mail').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/photos');
}
