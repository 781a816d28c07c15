import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

type Axe = { run(on: Document, options: RunOptions): Promise<AxeResults> };
const options: RunOptions = { rules: { 'target-size': { enabled: true } } };
const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * Holds a page as it is now, dialogs open and all, against axe in both themes, and looks whether it scrolls sideways. The page's
 * context must have been opened with `bypassCSP` and `reducedMotion: 'reduce'`.
 * @returns a line for everything that was found
 */
export async function findViolations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const where = `${new URL(page.url()).pathname} ${page.viewportSize()?.width} ${colorScheme}`;
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(await axe);
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
  return found;
}
