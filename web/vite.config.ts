import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';
import { firstPageChunk } from './first-page-chunk.ts';
import { preloadPhotos } from './preload-photos.ts';

/** `x.svg?icon` is the drawing inside the `<svg>` element, so that no icon carries a wrapper of its own into the bundle. */
function icons(): Plugin {
  return {
    name: 'tintype-icons',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith('.svg?icon')) return null;
      const svg = readFileSync(id.slice(0, -'?icon'.length), 'utf8');
      return `export default ${JSON.stringify(svg.replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, ''))}`;
    },
  };
}

/**
 * SvelteKit hides what it reads out to screen readers with a style attribute, which `style-src 'self'` forbids; `base.css` does it
 * instead. A failed match stops the build, so that an update cannot bring the attribute back unseen.
 */
function plainAnnouncer(): Plugin {
  return {
    name: 'tintype-plain-announcer',
    enforce: 'pre',
    transform(code, id) {
      if (!/kit\/src\/runtime\/components\/root\.svelte$/.test(id)) return null;
      const plain = code.replace(/(id="svelte-announcer"[^>]*?)\sstyle="[^"]*"/, '$1');
      if (plain === code) this.error('SvelteKit’s announcer has changed: see plainAnnouncer in vite.config.ts.');
      return { code: plain, map: null };
    },
  };
}

/** See plain-values.ts. */
function plainValues(): Plugin {
  return {
    name: 'tintype-plain-values',
    enforce: 'pre',
    applyToEnvironment: (environment) => environment.name === 'client',
    apply: 'build',
    resolveId: (id) => (id === 'devalue' ? fileURLToPath(new URL('plain-values.ts', import.meta.url)) : null),
  };
}

const first = firstPageChunk();
const server = process.env.TINTYPE_DEV_SERVER ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [
    icons(),
    plainAnnouncer(),
    plainValues(),
    first.plugin,
    sveltekit({
      adapter: preloadPhotos(adapter({ pages: 'build', assets: 'build', fallback: 'index.html' })),
      compilerOptions: { runes: true },
    }),
  ],
  // light-dark() since 2024. Compiled for older browsers, it would be fixed at the root, and a part with a theme of its own would not follow.
  build: {
    target: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    cssTarget: ['chrome123', 'edge123', 'firefox120', 'safari17.5'],
    rolldownOptions: { output: { codeSplitting: { groups: first.groups } } },
  },
  // The Origin check compares with the Host the browser used, so the proxy must leave that header alone.
  server: { proxy: { '/api': { target: server, changeOrigin: false } } },
});
