import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { createOpenAiSimulator, type OpenAiSimulator } from '../simulators/openai.ts';
import { chromiumPath, openBrowser, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

/** How long the painter may take for a few small pictures on a busy machine. */
const patience = { timeout: 60_000 };

/** Walks with Tab until something has the focus, as somebody without a pointer does. */
async function reach(page: Page, what: Locator): Promise<void> {
  await what.waitFor();
  for (let steps = 0; steps < 120; steps++) {
    if (await what.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${what}`);
}

/** Leaves what is typed in, so that single keys are shortcuts again. */
const leaveBar = (page: Page) => page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());

const bar = (page: Page) => page.getByRole('form', { name: 'Prompt' }).getByRole('textbox');
const picture = (page: Page, n: number, step: number) =>
  page.getByRole('button', { name: new RegExp(`^Picture ${n} of step ${step},`) });
const step = (page: Page, n: number) => page.locator(`#step-${n}`);

/** By the key that leads to the bar, as a sentence. */
async function say(page: Page, words: string): Promise<void> {
  await leaveBar(page);
  await page.keyboard.press('n');
  await expect.poll(() => bar(page).evaluate((node) => node === document.activeElement)).toBe(true);
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
}

/** Small pictures in few steps: what is tried is the way, not the painter. */
async function wantSmall(page: Page): Promise<void> {
  const answer = await page.request.patch('/api/v1/settings', {
    headers: { origin: new URL(page.url()).origin },
    data: { generation: { default_steps: 3, aspect_ratios: [{ name: 'Small', width: 256, height: 256 }] } },
  });
  expect(answer.status()).toBe(200);
}

describe.skipIf(!chromiumPath)('the studio', () => {
  let server: TestServer;
  let browser: Browser;
  const visitors: Visitor[] = [];
  let ines: Page;
  const newPage = async (username: string): Promise<Page> => {
    const visitor = await visit(browser, server.url, { reducedMotion: 'reduce', bypassCSP: true });
    visitors.push(visitor);
    await signUp(visitor.page, username);
    await wantSmall(visitor.page);
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

  test('by keyboard alone: a prompt, four pictures, one is picked and changed, three steps', async () => {
    ines = await newPage('ines');
    const page = ines;
    await page.goto('/studio');
    await page.getByRole('heading', { name: 'Nothing made yet' }).waitFor();
    await page.getByText('The painter is ready').waitFor();
    expect(await findViolations(page)).toEqual([]);

    // Nothing is asked for without words, and the sentence stands beside them.
    await say(page, ' ');
    await page.getByText('Say what the picture is to show.').waitFor();
    await say(page, 'Create an image of a mountain lake at first light');
    await page.waitForURL('**/studio/*');
    await page.getByRole('heading', { level: 1, name: 'A mountain lake at first light' }).waitFor();
    await step(page, 1)
      .getByText(/^4 pictures in/)
      .waitFor(patience);

    // The arrows walk among the pictures, Enter picks.
    await reach(page, picture(page, 1, 1));
    for (const _ of [1, 2]) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect.poll(() => picture(page, 3, 1).getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('form', { name: 'Prompt' }).getByAltText('Picture 3 of step 1').waitFor();

    await say(page, 'change it to warmer, mist on the water');
    await step(page, 2)
      .getByText(/^4 pictures in/)
      .waitFor(patience);
    await step(page, 2).getByText('From picture 3 of step 1').waitFor();
    await step(page, 2).getByText('Likeness 40 %').waitFor();
    await reach(page, picture(page, 1, 2));
    await page.keyboard.press('Enter');
    await say(page, 'at night');
    await step(page, 3)
      .getByText(/^4 pictures in/)
      .waitFor(patience);
    await step(page, 3).getByText('From picture 1 of step 2').waitFor();
    await picture(page, 3, 1)
      .and(page.getByRole('button', { name: 'used for step 2' }))
      .waitFor();

    // What was being written outlives a reload; the empty bar recalls what was said before.
    await leaveBar(page);
    await page.keyboard.press('n');
    await page.keyboard.type('with stars');
    await page.reload();
    await expect.poll(() => bar(page).inputValue()).toBe('with stars');
    await bar(page).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');
    for (const _ of [1, 2]) await page.keyboard.press('ArrowUp');
    await expect.poll(() => bar(page).inputValue()).toBe('warmer, mist on the water');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => bar(page).inputValue()).toBe('');

    // Another like the last: everything comes back, the seed as well.
    await picture(page, 4, 3).waitFor();
    await leaveBar(page);
    await page.keyboard.press('m');
    await expect.poll(() => bar(page).inputValue()).toBe('at night');
    await page.getByRole('button', { name: /^Seed \d/ }).waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Delete');

    await leaveBar(page);
    await page.keyboard.press('c');
    const comparing = page.getByRole('dialog', { name: 'Compare' });
    await comparing.waitFor();
    const knife = comparing.getByRole('slider');
    await expect.poll(() => knife.evaluate((node) => node === document.activeElement)).toBe(true);
    await page.keyboard.press('Shift+ArrowRight');
    await expect.poll(() => knife.inputValue()).toBe('60');
    expect(await findViolations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await comparing.waitFor({ state: 'detached' });

    for (const width of [1440, 768, 390]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await findViolations(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  test('completed, its pictures are all in the gallery with their prompts, and nobody else finds any of it', async () => {
    const page = ines;
    await reach(page, page.getByRole('button', { name: 'What to do with this session' }));
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'Complete the session' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('This session is completed.').waitFor();
    await bar(page).waitFor({ state: 'detached' });
    const session = page.url();

    // All of them are in the gallery, each with how it was made.
    const listed = await (await page.request.get('/api/v1/photos?generated=true&limit=100')).json();
    expect(listed.total).toBe(12);
    const prompts: string[] = [];
    for (const { id } of listed.items) {
      const metadata = await (await page.request.get(`/api/v1/photos/${id}/metadata`)).json();
      prompts.push(metadata.generation_prompt);
    }
    expect([...new Set(prompts)].toSorted()).toEqual([
      'A mountain lake at first light',
      'at night',
      'warmer, mist on the water',
    ]);
    await page.goto(`/photos/${listed.items[0].id}`);
    await page.getByRole('toolbar', { name: 'Photo' }).waitFor();
    await page.keyboard.press('i');
    const info = page.getByRole('complementary', { name: 'Info' });
    await info.getByText('Made by rules').waitFor();
    await info.getByText(prompts[0] as string, { exact: true }).waitFor();
    expect(await findViolations(page)).toEqual([]);
    await reach(page, info.getByRole('link', { name: 'Make another like this' }));
    await page.keyboard.press('Enter');
    await page.waitForURL('**/studio?from=*');
    await expect.poll(() => bar(page).inputValue()).toBe(prompts[0]);

    // Nobody else finds any of it.
    const other = await newPage('tomas');
    await other.goto('/studio');
    await other.getByRole('heading', { name: 'Nothing made yet' }).waitFor();
    await other.goto(session);
    await other.getByRole('heading', { name: 'Nothing here' }).waitFor();
    expect((await (await other.request.get('/api/v1/photos')).json()).total).toBe(0);
  });

  test('a photo is changed in the studio, templates are kept, one picture is cancelled, and a session is deleted', async () => {
    const page = await newPage('maren');
    const upload = await page.request.post('/api/v1/photos?filename=lake.jpg', {
      data: await makePhoto({ width: 900, height: 600, seed: 3 }),
      headers: { 'content-type': 'image/jpeg', origin: server.url },
    });
    const { id } = await upload.json();
    await page.goto(`/photos/${id}`);
    await page.getByRole('toolbar', { name: 'Photo' }).waitFor();
    await page.keyboard.press('g');
    await page.waitForURL(`**/studio?from=${id}`);
    await bar(page).and(page.getByPlaceholder('Change it to…')).waitFor();
    await page.getByAltText('The photo to start from').waitFor();

    // Large enough that there is time to cancel one of them.
    await page.getByRole('button', { name: 'More settings' }).click();
    const more = page.getByRole('dialog', { name: 'How it is made' });
    await more.getByLabel('Steps').fill('51');
    await more.getByText('“The painter” takes 1 to 50 steps.').waitFor();
    expect(await findViolations(page)).toEqual([]);
    await more.getByLabel('Steps').fill('50');
    await more.getByRole('button', { name: 'Done' }).click();
    await more.waitFor({ state: 'detached' });
    await say(page, 'as a watercolour');
    await page.waitForURL('**/studio/*');
    const last = page.getByRole('button', { name: 'Cancel picture 4 of step 1' });
    await last.click();
    await step(page, 1).getByText('Cancelled').waitFor();
    await step(page, 1)
      .getByText(/^3 of 4 pictures in/)
      .waitFor(patience);
    await step(page, 1).getByText('From a photo').waitFor();
    await step(page, 1).getByRole('button', { name: 'Make another', exact: true }).waitFor();

    await page.getByRole('button', { name: 'Save prompt as template' }).click();
    const keeping = page.getByRole('dialog', { name: 'New template' });
    await keeping.getByRole('button', { name: 'Keep the template' }).click();
    await keeping.getByText('Give it a name.').waitFor();
    await keeping.getByLabel('Name').fill('Watercolour');
    expect(await findViolations(page)).toEqual([]);
    await keeping.getByRole('button', { name: 'Keep the template' }).click();
    await keeping.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Templates', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Watercolour' }).click();
    await expect.poll(() => bar(page).inputValue()).toBe('as a watercolour');

    await page.getByRole('button', { name: 'What to do with this session' }).click();
    await page.getByRole('menuitem', { name: 'Delete the session' }).click();
    await page.getByRole('alertdialog').getByText('The pictures stay in Photos').waitFor();
    await page.getByRole('button', { name: 'Delete the session' }).click();
    await page.waitForURL('**/studio');
    await page.getByRole('heading', { name: 'Nothing made yet' }).waitFor();
    expect((await (await page.request.get('/api/v1/photos')).json()).total).toBe(4);
  });

  test('what every step begins with is set for oneself, shapes too', async () => {
    const page = await newPage('ulla');
    await page.goto('/settings/studio');
    const save = page.getByRole('button', { name: 'Save changes' });
    expect(await page.getByLabel('Steps').inputValue()).toBe('3');
    await page.getByLabel('Steps').fill('0');
    await page.getByRole('button', { name: 'Add a shape' }).click();
    const shape = page.getByRole('listitem').filter({ has: page.getByLabel('Width') });
    await expect.poll(() => shape.count()).toBe(2);
    // The focus is in the name of the new one; without a name it is not kept.
    await save.click();
    await page.getByText('Steps are a whole number from 1 to 150.').waitFor();
    await page.getByText('A shape needs a name.').waitFor();
    await expect.poll(() => page.getByLabel('Steps').evaluate((node) => node === document.activeElement)).toBe(true);
    expect(await findViolations(page)).toEqual([]);

    await page.getByLabel('Steps').fill('4');
    await page.getByLabel('Pictures in a step').selectOption('2');
    await shape.last().getByLabel('Name').fill('Postcard');
    await shape.last().getByLabel('Width').fill('512');
    await shape.last().getByLabel('Height').fill('320');
    await shape.first().getByRole('button', { name: 'Remove Small' }).click();
    await page.keyboard.press('Tab');
    await save.click();
    await page.getByText('Saved').waitFor();
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await findViolations(page)).toEqual([]);
    }
    await page.setViewportSize({ width: 1440, height: 900 });

    await page.goto('/studio');
    await page.getByRole('heading', { name: 'Nothing made yet' }).waitFor();
    await say(page, 'a harbour');
    await page.waitForURL('**/studio/*');
    await step(page, 1)
      .getByText(/^2 pictures in/)
      .waitFor(patience);
    await step(page, 1).getByText('Postcard').waitFor();
  });
});

describe.skipIf(!chromiumPath)('a photo that is to leave this server', () => {
  let server: TestServer;
  let browser: Browser;
  let simulator: OpenAiSimulator;
  const visitors: Visitor[] = [];
  beforeAll(async () => {
    simulator = await createOpenAiSimulator({ key: 'sk-secret' });
    const environment = { OPENAI_BASE_URL: simulator.url, OPENAI_API_KEY: 'sk-secret', TINTYPE_PAINTER: 'off' };
    [server, browser] = await Promise.all([startServer(environment), openBrowser()]);
  });
  afterAll(async () => {
    expect(visitors.flatMap(({ errors }) => errors)).toEqual([]);
    await browser?.close();
    await server?.stop();
    await simulator?.close();
  });

  /** In the studio with a photo to start from, and a model that stands elsewhere. */
  async function bringPhoto(page: Page, username: string): Promise<void> {
    await signUp(page, username);
    const upload = await page.request.post('/api/v1/photos?filename=lake.jpg', {
      data: await makePhoto({ width: 600, height: 400, seed: 5 }),
      headers: { 'content-type': 'image/jpeg', origin: server.url },
    });
    await page.goto(`/studio?from=${(await upload.json()).id}`);
    await page.getByAltText('The photo to start from').waitFor();
    await page.getByRole('button', { name: /^Model: / }).click();
    const models = page.getByRole('dialog', { name: 'What it is made with' });
    const host = new URL(simulator.url).host;
    await models
      .getByRole('button', { name: new RegExp(`^gpt-image-1.*Photos you start from are sent to ${host}`) })
      .click();
    await models.waitFor({ state: 'detached' });
  }

  test('is asked for first, with the name of where it goes; kept here, nothing leaves', patience, async () => {
    const visitor = await visit(browser, server.url, { reducedMotion: 'reduce', bypassCSP: true });
    visitors.push(visitor);
    const { page } = visitor;
    await bringPhoto(page, 'ines');
    const host = new URL(simulator.url).host;
    const edits = (): number => simulator.requests.filter((request) => request.includes('/images/edits')).length;

    await say(page, 'as a watercolour');
    const question = page.getByRole('alertdialog', { name: `Send this photo to ${host}?` });
    await question.waitFor();
    expect(await findViolations(page)).toEqual([]);
    await question.getByRole('button', { name: 'Keep it here' }).click();
    await question.waitFor({ state: 'detached' });
    // What was written stands there still.
    expect(await bar(page).inputValue()).toBe('as a watercolour');
    expect([page.url().includes('/studio?from='), edits()]).toEqual([true, 0]);

    await bar(page).press('Enter');
    await question.getByRole('button', { name: `Send it to ${host}` }).click();
    await page.waitForURL('**/studio/*');
    await step(page, 1)
      .getByText(/^4 pictures in/)
      .waitFor(patience);
    expect([edits(), simulator.problems]).toEqual([4, []]);

    // Once for each place; and whoever comes after them in this browser is asked themselves.
    await reach(page, picture(page, 1, 1));
    await page.keyboard.press('Enter');
    await say(page, 'warmer');
    await step(page, 2)
      .getByText(/^4 pictures in/)
      .waitFor(patience);
    await page.context().clearCookies();
    await bringPhoto(page, 'tomas');
    await say(page, 'as an etching');
    await question.waitFor();
  });
});
