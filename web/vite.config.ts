import { fileURLToPath } from 'node:url';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';
import { browsers } from './browsers.ts';
import { firstPageChunk } from './first-page-chunk.ts';
import { icons } from './icons-plugin.ts';
import { leanClient } from './lean-client.ts';
import { preloadPhotos } from './preload-photos.ts';

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

/**
 * Hashes of seven characters in the names of files, the least that the bundler takes for so many, and those of styles alone. The start of every page holds the names of all, and nothing in it compresses worse.
 */
function shortNames(): Plugin {
  type Names = string | ((chunk: never) => string) | undefined;
  const shorten = (names: Names, long = '[hash]') => {
    if (typeof names === 'function') return (chunk: never) => names(chunk).replace(long, '[hash:7]');
    return names?.replace(long, '[hash:7]');
  };
  return {
    name: 'tintype-short-names',
    apply: 'build',
    applyToEnvironment: (environment) => environment.name === 'client',
    outputOptions: (options) =>
      Object.assign(options, {
        chunkFileNames: shorten(options.chunkFileNames),
        entryFileNames: shorten(options.entryFileNames),
        assetFileNames: shorten(options.assetFileNames, '[name].[hash]'),
      }),
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
    leanClient(),
    shortNames(),
    first.plugin,
    sveltekit({
      adapter: preloadPhotos(adapter({ pages: 'build', assets: 'build', fallback: 'index.html' })),
      compilerOptions: { runes: true },
    }),
  ],
  build: {
    target: browsers,
    cssTarget: browsers,
    rolldownOptions: { output: { codeSplitting: { groups: first.groups } } },
  },
  // The Origin check compares with the Host the browser used, so the proxy must leave that header alone.
  server: { proxy: { '^/(api|s|images|avatar)/': { target: server, changeOrigin: false } } },
});
