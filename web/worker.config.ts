import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defineConfig } from 'vite';
import { browsers } from './browsers.ts';

/**
 * What the worker holds for the time the server is away: every file of the app's build, which lies there when this is built, and
 * the digest of its page. A worker and a page of two builds do not go together, and it can tell.
 */
function readBuild() {
  const root = path.join(import.meta.dirname, 'build');
  const found = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => `/${path.relative(root, file).split(path.sep).join('/')}`);
  const files = found.filter((file) => file.startsWith('/_app/immutable/') || file.endsWith('.svg')).sort();
  const digest = createHash('sha256')
    .update(readFileSync(path.join(root, 'index.html')))
    .digest('hex');
  const all = createHash('sha256')
    .update(`${digest}\n${files.join('\n')}`)
    .digest('hex');
  return { files, pageDigest: digest, version: all.slice(0, 16) };
}

/** Built after the app and before the guest's page, whose files are none of its business. */
export default defineConfig({
  publicDir: false,
  define: { BUILD: JSON.stringify(readBuild()) },
  build: {
    outDir: 'build',
    emptyOutDir: false,
    target: browsers,
    modulePreload: false,
    rolldownOptions: {
      input: 'src/lib/away/worker.ts',
      output: { entryFileNames: 'service-worker.js', codeSplitting: false },
    },
  },
});
