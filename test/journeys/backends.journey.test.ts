import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createInvokeAiSimulator, type InvokeAiSimulator, invokeAiDocument } from '../simulators/invokeai.ts';
import { createRunpodSimulator, type RunpodSimulator, runpodDocument } from '../simulators/runpod.ts';
import { chromiumPath, openBrowser, signUp, type Visitor, visit } from './browser.ts';
import { findViolations } from './find-violations.ts';
import { startServer, type TestServer } from './server.ts';

const patience = { timeout: 30_000 };
const hasDocuments = Boolean(invokeAiDocument && runpodDocument);

/** As a person without a pointer does. */
async function press(what: Locator): Promise<void> {
  await expect.poll(() => what.isEnabled(), patience).toBe(true);
  await what.focus();
  await what.page().keyboard.press('Enter');
}

/** At a desk, on a tablet and on a phone, in both themes. */
async function findAnywhere(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const [width, height] of [
    [768, 1024],
    [390, 844],
    [1440, 900],
  ] as const) {
    await page.setViewportSize({ width, height });
    found.push(...(await findViolations(page)));
  }
  return found;
}

describe.skipIf(!chromiumPath)('what makes pictures, for administrators', () => {
  let browser: Browser;
  const visitors: Visitor[] = [];
  const newPage = async (server: TestServer, username: string): Promise<Page> => {
    const visitor = await visit(browser, server.url, { reducedMotion: 'reduce', bypassCSP: true });
    visitors.push(visitor);
    await signUp(visitor.page, username);
    return visitor.page;
  };
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    const errors = visitors.flatMap((visitor) => visitor.errors);
    for (const visitor of visitors.splice(0)) await visitor.close();
    expect(errors).toEqual([]);
  });

  describe('where nothing is connected', () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(() => server?.stop());

    test('the painter does the work, and the page says how to connect more; others have no such page', async () => {
      const ines = await newPage(server, 'ines');
      await ines.goto('/admin/users');
      await press(ines.getByRole('navigation', { name: 'Administration' }).getByRole('link', { name: 'Studio' }));
      await ines.getByText('The painter makes the pictures').waitFor();
      await ines.getByText('RUNPOD_API_KEY').waitFor();
      await ines.getByText('docs/operations.md').waitFor();
      expect(await findAnywhere(ines)).toEqual([]);

      const tomas = await newPage(server, 'tomas');
      await tomas.goto('/admin/studio');
      await tomas.getByText('There is nothing at this address.').waitFor();
    });
  });

  describe.skipIf(!hasDocuments)('with a machine that can be rented', () => {
    let server: TestServer;
    let runpod: RunpodSimulator;
    let rented: InvokeAiSimulator;
    let atHand: InvokeAiSimulator;
    beforeAll(async () => {
      [rented, atHand] = await Promise.all([createInvokeAiSimulator(), createInvokeAiSimulator()]);
      runpod = await createRunpodSimulator({ machine: rented });
      runpod.faults.looksToRun = 1;
      server = await startServer({
        INVOKEAI_LOCAL_URL: atHand.url,
        RUNPOD_API_KEY: 'rp-secret',
        RUNPOD_POD_TYPE: 'NVIDIA L4',
        RUNPOD_API_URL: runpod.url,
        RUNPOD_POD_URL: `${rented.url}/{pod}`,
      });
    });
    afterAll(async () => {
      await server?.stop();
      await Promise.all([runpod, rented, atHand].map((simulator) => simulator?.close()));
    });

    test('by keyboard: it is told why there is none, started, used, and stopped for good', async () => {
      const ines = await newPage(server, 'ines');
      await ines.goto('/admin/studio');
      const card = ines.getByRole('article', { name: 'Rented machine' });
      await card.getByText('Not rented').waitFor();
      const row = (name: string) => ines.getByRole('row', { name: new RegExp(name) });
      await row('InvokeAI at hand').getByRole('cell', { name: 'Answers' }).waitFor();
      await row('on a rented machine')
        .getByRole('cell', { name: /Not running/ })
        .waitFor();
      await ines.getByText(atHand.url).waitFor();
      expect(await findAnywhere(ines)).toEqual([]);

      runpod.faults.taken = ['NVIDIA L4'];
      await press(card.getByRole('button', { name: 'Start the machine' }));
      const ask = ines.getByRole('alertdialog').or(ines.getByRole('dialog'));
      await ask.getByText(/costs money by the hour/).waitFor();
      await press(ask.getByRole('button', { name: 'Start the machine' }));
      await card
        .getByRole('alert')
        .getByText(/none of the machines/)
        .waitFor(patience);
      expect(runpod.paid()).toEqual([]);

      runpod.faults.taken = [];
      await press(card.getByRole('button', { name: 'Start the machine' }));
      await press(ask.getByRole('button', { name: 'Start the machine' }));
      await card.getByText('Running', { exact: true }).waitFor(patience);
      await card.getByText('$0.50 an hour').waitFor();
      await card.getByText(/of 8 hours/).waitFor();
      await card.getByText(/though pictures are made at hand/).waitFor();
      expect(runpod.paid()).toHaveLength(1);

      const remote = ines.getByRole('radio', { name: 'The rented machine' });
      await ines.getByRole('radio', { name: 'The one at hand' }).focus();
      await ines.keyboard.press('ArrowRight');
      await ines.getByText('Pictures are made on the rented machine now.').waitFor();
      expect(await remote.isChecked()).toBe(true);
      await card.getByText(/though pictures are made at hand/).waitFor({ state: 'detached' });
      expect(await findAnywhere(ines)).toEqual([]);

      await press(card.getByRole('button', { name: 'Stop the machine' }));
      await ask.getByText(/Work does not start it until you do/).waitFor();
      await press(ask.getByRole('button', { name: 'Stop the machine' }));
      await card.getByText('Stopped', { exact: true }).waitFor(patience);
      await card.getByText(/An administrator has stopped the rented machine/).waitFor();
      expect(runpod.paid()).toEqual([]);
      runpod.faults.spoil = () => ({ status: 500 });
      await ines.reload();
      await card.getByText(/RunPod answered with an error/).waitFor();
      await card.getByText(/can be seen at RunPod alone/).waitFor();
      runpod.faults.spoil = () => null;
      await ines.reload();
      await card.getByText('Stopped', { exact: true }).waitFor();
      expect([...runpod.problems, ...rented.problems]).toEqual([]);
    });
  });
});
