import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makePhoto } from '../fixtures/photo.ts';
import { chromiumPath, openBrowser, password, signIn, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

const patience = { timeout: 60_000 };
const sentence = /The server cannot be reached\. You see what this browser has\./;

describe.skipIf(!chromiumPath)('a server that is away', () => {
  let data: string;
  let port: string;
  let server: TestServer | undefined;
  let browser: Browser;
  const visitors: Visitor[] = [];

  const start = async (): Promise<void> => {
    server = await startServer({ TINTYPE_DATA: data, ...(port ? { PORT: port } : {}) });
    port = new URL(server.url).port;
  };
  const stop = async (): Promise<void> => {
    await server?.stop();
    server = undefined;
  };
  const newVisitor = async (): Promise<Visitor> => {
    const visitor = await visit(browser, `http://127.0.0.1:${port}`, {
      reducedMotion: 'reduce',
      serviceWorkers: 'allow',
      bypassCSP: true,
    });
    visitors.push(visitor);
    return visitor;
  };
  const bar = (page: Page) => page.getByText(sentence);
  const prompt = (page: Page) => page.getByRole('form', { name: 'Prompt' }).getByRole('textbox');
  /** What the browser keeps of answers, by their paths. */
  const keptPaths = (page: Page): Promise<string[]> =>
    page.evaluate(async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith('tintype-seen-'));
      const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return keys.flat().map(({ url }) => new URL(url).pathname.replace('/api/v1', ''));
    });
  /** The caption of a photo as it would be shown without a server. */
  const keptCaption = (page: Page, id: string): Promise<string | null | undefined> =>
    page.evaluate(async (url) => {
      const kept = await caches.match(url);
      return kept && ((await kept.json()) as { caption: string | null }).caption;
    }, `/api/v1/photos/${id}/metadata`);
  const waitingCount = (page: Page): Promise<number> =>
    page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const opening = indexedDB.open('tintype-waiting');
          opening.onsuccess = () => {
            const counting = opening.result.transaction('changes').objectStore('changes').count();
            counting.onsuccess = () => {
              opening.result.close();
              resolve(counting.result);
            };
          };
        }),
    );
  /** What the server has, asked past the page. */
  const ask = async (page: Page, address: string) => (await page.request.get(`/api/v1${address}`)).json();
  const change = (page: Page, id: string, json: object) =>
    page.request.patch(`/api/v1/photos/${id}`, { headers: { origin: `http://127.0.0.1:${port}` }, data: json });

  /** Sends photos past the page, as another window would. */
  async function send(page: Page, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const answer = await page.request.post(`/api/v1/photos?filename=kept-${n}.jpg`, {
        headers: { origin: `http://127.0.0.1:${port}`, 'content-type': 'image/jpeg' },
        data: await makePhoto({ width: 320, height: 240, seed: n }),
      });
      expect(answer.status()).toBe(201);
    }
  }

  beforeAll(async () => {
    data = await mkdtemp(path.join(tmpdir(), 'tintype-away-'));
    port = '';
    [browser] = await Promise.all([openBrowser(), start()]);
  });
  afterAll(async () => {
    expect(visitors.flatMap(({ errors }) => errors)).toEqual([]);
    await browser?.close();
    await stop();
    await rm(data, { recursive: true, force: true });
  });

  let ines: Visitor;
  let session: string;

  test('gallery and studio show what the browser has, and say so', async () => {
    ines = await newVisitor();
    const { page } = ines;
    await signUp(page, 'ines');
    await send(page, 3);
    await page.request.patch('/api/v1/settings', {
      headers: { origin: `http://127.0.0.1:${port}` },
      data: { generation: { default_steps: 3, aspect_ratios: [{ name: 'Small', width: 256, height: 256 }] } },
    });
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    await page.goto('/studio');
    await page.getByText('The painter is ready').waitFor();
    await prompt(page).fill('a mountain lake');
    await prompt(page).press('Enter');
    await page.waitForURL('**/studio/*');
    session = new URL(page.url()).pathname;
    await page
      .locator('#step-1')
      .getByText(/^4 pictures in/)
      .waitFor(patience);
    await page.locator('#step-1 img').nth(3).waitFor();
    await page.goto('/photos');
    await page.locator('.tile img').nth(6).waitFor();
    await page.locator('.tile a').last().click();
    await page.getByRole('button', { name: 'Archive' }).and(page.locator(':enabled')).waitFor();
    await page.getByRole('button', { name: 'Back to photos' }).click();
    await expect.poll(() => keptPaths(page)).toContain('/timeline');
    await expect.poll(async () => (await keptPaths(page)).join()).toMatch(/\/timeline\/\d/);

    await expect.poll(async () => (await keptPaths(page)).join()).toMatch(/\/metadata/);

    await stop();
    // Without anybody's doing: the stream knows.
    await bar(page).waitFor();
    await page.reload();
    await bar(page).waitFor();
    await expect.poll(() => page.locator('.tile img').count()).toBe(7);
    await expect
      .poll(() =>
        page.locator('.tile img').evaluateAll((all) => all.every((one) => (one as HTMLImageElement).naturalWidth > 0)),
      )
      .toBe(true);
    await page.getByRole('link', { name: 'Studio' }).first().click();
    await page.getByText('a mountain lake').first().waitFor();
    await page.goto(session);
    await bar(page).waitFor();
    await page.getByRole('heading', { level: 1, name: 'a mountain lake' }).waitFor();
    await expect.poll(() => page.locator('#step-1 img').count()).toBe(4);
  });

  test('what can wait waits, survives a reload, can be withdrawn, and arrives once the server is back', async () => {
    const { page } = ines;
    await prompt(page).fill('warmer, with mist');
    await prompt(page).press('Enter');
    const waiting = page.getByRole('list', { name: 'Prompts that wait' });
    await waiting.getByText('warmer, with mist').waitFor();
    expect(await prompt(page).inputValue()).toBe('');
    await prompt(page).fill('never mind');
    await prompt(page).press('Enter');
    await waiting.getByText('never mind').waitFor();
    // A draft that was not sent is there after a reload as well.
    await prompt(page).fill('still a draft');
    await page.reload();
    await waiting.getByText('Waits for the server').first().waitFor();
    expect(await findViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await findViolations(page)).toEqual([]);
    await page.setViewportSize({ width: 1440, height: 900 });
    expect(await prompt(page).inputValue()).toBe('still a draft');
    await waiting
      .getByRole('listitem')
      .filter({ hasText: 'never mind' })
      .getByRole('button', { name: 'Withdraw' })
      .click();
    await waiting.getByText('never mind').waitFor({ state: 'detached' });

    await page.goto('/photos');
    await bar(page).waitFor();
    await page.locator('.tile a').last().click();
    const opened = page.getByRole('toolbar', { name: 'Photo' });
    await opened.getByRole('button', { name: 'Favourite' }).click();
    await page.getByText('Waits for the server. It is sent when the server is back.').waitFor();
    await opened.getByRole('button', { name: 'Info' }).click();
    await page.getByLabel('Caption').fill('At the lake');
    await page.getByLabel('Caption').press('Control+Enter');
    await page.getByRole('complementary', { name: 'Info' }).getByText('Waits for the server').waitFor();
    await page.reload();
    await expect
      .poll(() => opened.getByRole('button', { name: 'Favourite' }).getAttribute('aria-pressed'))
      .toBe('true');
    await expect.poll(() => page.getByLabel('Caption').inputValue()).toBe('At the lake');
    await opened.getByRole('button', { name: 'Back to photos' }).click();
    await page.getByText('3 changes wait for the server.').waitFor();

    // What cannot wait says so, and is not done by itself later.
    await page.locator('.tile a').last().focus();
    await page.keyboard.press('Shift+Delete');
    await page.getByRole('button', { name: 'Delete 1 for good' }).click();
    await page.getByRole('status').getByText('The server cannot be reached. Check').waitFor();

    await start();
    await bar(page).waitFor({ state: 'detached', ...patience });
    await expect.poll(async () => (await ask(page, '/photos?favorite=true')).items.length, patience).toBe(1);
    const {
      items: [photo],
    } = await ask(page, '/photos?favorite=true');
    await expect.poll(async () => (await ask(page, `/photos/${photo.id}/metadata`)).caption).toBe('At the lake');
    const steps = async () =>
      (await ask(page, `/generation/sessions/${session.split('/').at(-1)}/steps`)).items.map(
        (step: { prompt: string }) => step.prompt,
      );
    await expect.poll(steps).toEqual(['a mountain lake', 'warmer, with mist']);
    await page.goto(session);
    await page.locator('#step-2').waitFor();
    expect(await page.getByRole('list', { name: 'Prompts that wait' }).count()).toBe(0);
    expect(await prompt(page).inputValue()).toBe('still a draft');
  });

  test('what is asked for last is what stays, whatever waited before it', async () => {
    const { page, context } = ines;
    await page.goto('/photos');
    await page.locator('.tile a').last().click();
    const heart = page.getByRole('toolbar', { name: 'Photo' }).getByRole('button', { name: 'Favourite' });
    await expect.poll(() => heart.getAttribute('aria-pressed')).toBe('true');
    await context.setOffline(true);
    await heart.click();
    await page.getByText('Waits for the server. It is sent').last().waitFor();
    await context.setOffline(false);
    // Before this window knows that the server is back.
    await heart.click();
    await expect.poll(() => waitingCount(page), patience).toBe(0);
    await expect.poll(async () => (await ask(page, '/photos?favorite=true')).items.length, patience).toBe(1);
    expect(await heart.getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'Back to photos' }).click();
  });

  test('a prompt whose answer is lost is asked for once', async () => {
    const { page } = ines;
    await page.goto(session);
    await page.locator('#step-2').waitFor();
    let isLost = false;
    await page.route('**/generation/sessions/*/steps', async (route) => {
      if (isLost || route.request().method() !== 'POST') return route.continue();
      isLost = true;
      expect((await route.fetch()).status()).toBe(201);
      await route.abort();
    });
    await prompt(page).fill('at night');
    await prompt(page).press('Enter');
    await page.locator('#step-3').waitFor();
    expect(isLost).toBe(true);
    await expect.poll(() => waitingCount(page), patience).toBe(0);
    const { items } = await ask(page, `/generation/sessions/${session.split('/').at(-1)}/steps`);
    expect(items.map((step: { prompt: string }) => step.prompt)).toEqual([
      'a mountain lake',
      'warmer, with mist',
      'at night',
    ]);
    await page.unroute('**/generation/sessions/*/steps');
  });

  test('what somebody else wrote meanwhile is told, and both ways out are there', async () => {
    const { page, context } = ines;
    await page.goto('/photos');
    await page.locator('.tile a').last().click();
    const caption = page.getByLabel('Caption');
    await expect.poll(() => caption.inputValue()).toBe('At the lake');
    const id = new URL(page.url()).pathname.split('/').at(-1) as string;
    await expect.poll(() => keptPaths(page)).toContain(`/photos/${id}/metadata`);
    for (const [mine, choice, then] of [
      ['Mine', 'Use mine', 'Mine'],
      ['Mine again', 'Keep theirs', 'Theirs'],
    ] as const) {
      await context.setOffline(true);
      await caption.fill(mine);
      await caption.press('Control+Enter');
      await page.getByText('Waits for the server. It is sent').last().waitFor();
      expect((await change(page, id, { caption: 'Theirs' })).status()).toBe(200);
      await context.setOffline(false);
      await page.getByRole('button', { name: 'Back to photos' }).click();
      await page.getByText('1 change that waited was not taken.').waitFor(patience);
      expect((await ask(page, `/photos/${id}/metadata`)).caption).toBe('Theirs');
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      const dialog = page.getByRole('dialog', { name: 'Waits for the server' });
      await dialog.getByText('The caption was changed elsewhere in the meantime, to “Theirs”.').waitFor();
      expect(await findViolations(page)).toEqual([]);
      await dialog.getByRole('button', { name: choice }).click();
      await dialog.getByText('Nothing waits any more.').waitFor();
      expect((await ask(page, `/photos/${id}/metadata`)).caption).toBe(then);
      await page.keyboard.press('Escape');
      await page.locator('.tile a').last().click();
      await expect.poll(() => caption.inputValue()).toBe(then);
      // What is changed without a server is held against what is kept by then.
      await expect.poll(() => keptCaption(page, id)).toBe(then);
    }
    await page.getByRole('button', { name: 'Back to photos' }).click();
  });

  test('a file under way is not lost: it goes on where it was once the server is there again', async () => {
    const { page, context } = ines;
    await page.goto('/photos');
    await page.locator('.tile').first().waitFor();
    const file = path.join(data, 'large.jpg');
    // Bytes after the end of the picture make it large enough to be sent in parts.
    await writeFile(file, Buffer.concat([await makePhoto({ width: 640, height: 480, seed: 77 }), Buffer.alloc(12e6)]));
    const cdp = await context.newCDPSession(page);
    const slow = { offline: false, latency: 0, downloadThroughput: -1 };
    await cdp.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: 600_000 });
    const asked: string[] = [];
    page.on('request', (one) => asked.push(`${one.method()} ${new URL(one.url()).pathname}`));
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('u');
    await (await chooser).setFiles(file);
    await expect.poll(() => asked.some((one) => one.startsWith('PATCH /api/v1/uploads/')), patience).toBe(true);
    await expect
      .poll(() => page.getByRole('progressbar', { name: 'All uploads' }).getAttribute('aria-valuenow'))
      .not.toBe('0');
    // Not asked to finish what it has begun: gone.
    server?.process.kill('SIGKILL');
    await stop();
    await page.getByText(/^Connection lost at/).waitFor(patience);
    await cdp.send('Network.emulateNetworkConditions', { ...slow, uploadThroughput: -1 });
    await start();
    await page.getByRole('heading', { name: '1 photo added' }).waitFor(patience);
    expect(asked.filter((one) => one.startsWith('HEAD /api/v1/uploads/')).length).toBeGreaterThan(0);
    expect(asked.filter((one) => one === 'POST /api/v1/uploads')).toHaveLength(1);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  });

  test('nothing of one person is left for the next: not after signing out, not by another way in', async () => {
    const { page, context } = ines;
    expect((await keptPaths(page)).length).toBeGreaterThan(5);
    await page.getByRole('button', { name: /your account$/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL('**/login');
    expect(await keptPaths(page)).toEqual([]);
    await signUp(page, 'oskar');
    await expect.poll(() => keptPaths(page)).toContain('/me');
    await stop();
    await page.reload();
    await bar(page).waitFor();
    expect(await page.locator('.tile').count()).toBe(0);
    await page.goto(session);
    await page.getByRole('heading', { name: 'The session did not come' }).waitFor();
    await start();

    // Somebody whose session has ended has nothing here either.
    await page.goto('/photos');
    await expect.poll(() => keptPaths(page)).toContain('/me');
    await context.clearCookies();
    await page.reload();
    await page.waitForURL('**/login?next=*');
    await expect.poll(() => keptPaths(page)).toEqual([]);
    await page.goto('/login');
    await signIn(page, 'ines');
    await expect.poll(() => keptPaths(page)).toContain('/me');
    // Signed in past the page: whose answers they are is told by the server.
    const answer = await page.request.post('/api/v1/auth/login', {
      headers: { origin: `http://127.0.0.1:${port}` },
      data: { username: 'oskar', password },
    });
    expect(answer.status()).toBe(200);
    await page.goto('/settings/profile');
    await expect.poll(async () => (await keptPaths(page)).join()).not.toContain('/timeline');
  });

  test('a new build comes as a whole or not at all; one without a worker takes it away; a gateway is no server', async () => {
    const front = await openFront(() => port);
    const { page, close } = await visit(browser, front.url, { serviceWorkers: 'allow' });
    const shells = () =>
      page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('tintype-shell-')).length);
    const update = () =>
      page.evaluate(async () => {
        const registration = await navigator.serviceWorker.ready;
        await registration.update();
        const next = registration.installing;
        if (!next) return 'none';
        return new Promise<string>((resolve) => {
          next.addEventListener('statechange', () => {
            if (next.state === 'activated' || next.state === 'redundant') resolve(next.state);
          });
        });
      });
    await signUp(page, 'bruna');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    expect(await shells()).toBe(1);

    front.build = { page: 2, worker: 3 };
    await page.reload();
    expect(await update()).toBe('redundant');
    expect(await shells()).toBe(1);

    front.build = { page: 3, worker: 3 };
    expect(await update()).toBe('activated');
    expect(await shells()).toBe(2);
    front.build = { page: 4, worker: 4 };
    expect(await update()).toBe('activated');
    expect(await shells()).toBe(2);

    for (const gateway of [502, 530, 404]) {
      front.gateway = gateway;
      await page.goto('/photos');
      await bar(page).waitFor();
      expect(await page.evaluate(() => document.documentElement.dataset.build)).toBe('4');
      expect(await shells()).toBe(2);
      front.gateway = null;
      await bar(page).waitFor({ state: 'detached', ...patience });
    }

    front.build = { page: 5, worker: null };
    // A worker that was woken anew looks at its first page.
    await update().catch(() => {});
    await expect
      .poll(async () => {
        await page.goto('/photos');
        return page.evaluate(async () => [
          (await caches.keys()).length,
          (await navigator.serviceWorker.getRegistrations()).length,
        ]);
      }, patience)
      .toEqual([0, 0]);
    await close();
    await front.close();
  });
});

interface Front {
  readonly url: string;
  /** Which build the page and the worker are said to be of; null for one that has no worker. */
  build: { page: number; worker: number | null };
  /** The status that it answers with for a server it does not find. */
  gateway: number | null;
  close(): Promise<void>;
}

/** Stands before the server as nginx does, and gives out other builds of the app than it has. */
async function openFront(portOf: () => string): Promise<Front> {
  const paged = (html: string, n: number) => (n === 1 ? html : html.replace('<html ', `<html data-build="${n}" `));
  const server: Server = createServer((incoming, outgoing) => {
    const { method, url = '/', headers } = incoming;
    if (front.gateway) return outgoing.writeHead(front.gateway, { 'content-type': 'text/html' }).end('<h1>Nobody</h1>');
    if (url === '/service-worker.js' && front.build.worker === null)
      return outgoing.writeHead(404, { 'content-type': 'application/json' }).end();
    const onward = request(
      { host: '127.0.0.1', port: portOf(), method, path: url, headers: { ...headers, 'accept-encoding': 'identity' } },
      async (answer) => {
        const isPage = answer.headers['content-type']?.startsWith('text/html') === true;
        if (!isPage && url !== '/service-worker.js') {
          outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
          return answer.pipe(outgoing);
        }
        let text = await textOf(answer);
        if (isPage) text = paged(text, front.build.page);
        else if (front.build.worker !== null && front.build.worker > 1) {
          const page = paged(await (await fetch(`http://127.0.0.1:${portOf()}/index.html`)).text(), front.build.worker);
          text = text
            .replace(/pageDigest:\s*[`"'][0-9a-f]+/, `pageDigest:"${createHash('sha256').update(page).digest('hex')}`)
            .replace(/version:\s*[`"'][0-9a-f]+/, `version:"${front.build.worker}`)
            .replace(/(pageDigest:"[0-9a-f]+)[`']/, '$1"')
            .replace(/(version:"[0-9a-f]+)[`']/, '$1"');
        }
        const { 'content-length': _, etag: __, ...rest } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, { ...rest, 'cache-control': 'no-store' }).end(text);
      },
    );
    onward.on('error', () => outgoing.destroy());
    return incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    build: { page: 1, worker: 1 },
    gateway: null,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return front;
}

async function textOf(answer: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of answer) parts.push(part);
  return Buffer.concat(parts).toString();
}
