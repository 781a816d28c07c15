import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { browsers } from './browsers.ts';
import { icons } from './icons-plugin.ts';

/**
 * The guest's page, built apart from the app and into its folder: whoever opens a link on a phone needs neither SvelteKit nor the
 * files the app's own page asks for in advance. The names are those of the app's files, so that the font is one file for both.
 */
export default defineConfig({
  plugins: [icons(), svelte({ configFile: false, compilerOptions: { runes: true } })],
  publicDir: false,
  build: {
    outDir: 'build',
    emptyOutDir: false,
    target: browsers,
    cssTarget: browsers,
    rolldownOptions: {
      input: 'guest.html',
      output: {
        entryFileNames: '_app/immutable/guest/[name].[hash].js',
        chunkFileNames: '_app/immutable/guest/[hash].js',
        assetFileNames: '_app/immutable/assets/[name].[hash][extname]',
      },
    },
  },
});
