import { readFileSync } from 'node:fs';
import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';

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

const server = process.env.TINTYPE_DEV_SERVER ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [
    icons(),
    sveltekit({
      adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html' }),
      compilerOptions: { runes: true },
    }),
  ],
  // The Origin check compares with the Host the browser used, so the proxy must leave that header alone.
  server: { proxy: { '/api': { target: server, changeOrigin: false } } },
});
