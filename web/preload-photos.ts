import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Adapter } from '@sveltejs/kit';

type Chunk = { file: string; imports?: string[]; css?: string[]; assets?: string[] };

/** The pages that most visits begin with. */
const first = [
  '/routes/(app)/+layout.svelte',
  '/routes/(app)/photos/+layout.svelte',
  '/routes/(app)/photos/+page.svelte',
];

/**
 * The one static page knows no route, so a browser would learn of the timeline's code, its styles and the font only after the router has
 * run: two trips more on a slow line. This names them in the page's head.
 */
export function preloadPhotos(adapter: Adapter): Adapter {
  return {
    ...adapter,
    async adapt(builder) {
      await adapter.adapt(builder);
      const output = builder.getClientDirectory();
      const manifest: Record<string, Chunk> = JSON.parse(
        readFileSync(path.join(output, '.vite/manifest.json'), 'utf8'),
      );
      const page = path.join('build', 'index.html');
      const html = readFileSync(page, 'utf8');
      const links = [...linksOf(manifest)].filter(([href]) => !html.includes(href)).map(([, link]) => link);
      writeFileSync(page, html.replace('</head>', `${links.join('\n')}\n</head>`));
    },
  };
}

function linksOf(manifest: Record<string, Chunk>): Map<string, string> {
  const links = new Map<string, string>();
  const visit = (key: string): void => {
    const chunk = manifest[key];
    if (!chunk || links.has(`/${chunk.file}`)) return;
    links.set(`/${chunk.file}`, `<link rel="modulepreload" href="/${chunk.file}">`);
    for (const file of chunk.css ?? []) links.set(`/${file}`, `<link rel="preload" as="style" href="/${file}">`);
    for (const file of (chunk.assets ?? []).filter((name) => name.endsWith('.woff2'))) {
      links.set(`/${file}`, `<link rel="preload" as="font" type="font/woff2" href="/${file}" crossorigin>`);
    }
    for (const next of chunk.imports ?? []) visit(next);
  };
  const nodes = '.svelte-kit/generated/build/client-optimized/nodes';
  const wanted = readdirSync(nodes).filter((name) => {
    const code = readFileSync(path.join(nodes, name), 'utf8');
    return code.includes('/routes/+layout.svelte') || first.some((source) => code.includes(source));
  });
  for (const name of wanted) visit(`${nodes}/${name}`);
  if (links.size === 0) throw new Error('SvelteKit’s generated nodes are elsewhere now: see preload-photos.ts.');
  return links;
}
