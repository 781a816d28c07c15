import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createTestApp } from '../app.ts';

const { systems, router } = (await createTestApp()).app.legacy;

/** The addresses of the web app's pages, each with something in the place of its names. */
const pages = readdirSync(join(import.meta.dirname, '../../web/src/routes'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\+page(@.*)?\.svelte$/.test(file))
  .map(
    (file) =>
      `/${file
        .split('/')
        .slice(0, -1)
        .filter((part) => !part.startsWith('('))
        .join('/')}`,
  )
  .map((path) => path.replace(/\[\w+\]/g, '01a00000-0000-7000-8000-000000000000'));

const routes = systems.flatMap(({ name, routes: all }) =>
  all.flatMap(({ method, path, isPageToo }) => [path].flat().map((one) => ({ name, method, path: one, isPageToo }))),
);

test('no earlier system stands in front of a page of the web app', () => {
  expect(pages.length).toBeGreaterThan(25);
  for (const { name, path, isPageToo } of routes.filter(({ method, isPageToo }) => method === 'GET' && !isPageToo)) {
    const one = new Hono().get(path, (c) => c.text(''));
    for (const page of pages) {
      for (const address of [page, `${page}/`]) {
        const [found] = one.router.match('GET', address);
        expect(found, `${name}: ${path} shadows ${address}, and has to say isPageToo (${isPageToo})`).toEqual([]);
      }
    }
  }
});

test('nor do the beginnings of paths that they have to themselves', () => {
  for (const { name, prefixes } of systems) {
    for (const prefix of prefixes) {
      const [shadowed] = pages.filter((page) => page === prefix || page.startsWith(`${prefix}/`));
      expect(shadowed, `${name}: ${prefix}`).toBe(undefined);
    }
  }
});

test('no two of them want the same, and none has what is under /api/v1', () => {
  const wanted = routes.map(({ method, path }) => `${method} ${path}`);
  expect(wanted.filter((one, at) => wanted.indexOf(one) !== at)).toEqual([]);
  expect(router.routes.map(({ path }) => path).filter((path) => path.startsWith('/api/v1'))).toEqual([]);
});
