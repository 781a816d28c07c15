// Builds the web app into web/build and notes what it was made from. Quiet unless it fails.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { digest, stampWeb } from '../bin/launcher/web-stamp.js';

const root = path.dirname(import.meta.dirname);
const begun = performance.now();
const made = digest(root);
// The worker and the guest's page are built apart, into the folder that the app's build has just emptied.
for (const config of ['vite.config.ts', 'worker.config.ts', 'guest.config.ts']) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn', '--config', config],
    // NODE_ENV decides which Svelte is built; a test's or a shell's own must not.
    { cwd: path.join(root, 'web'), encoding: 'utf8', env: { ...process.env, NODE_ENV: 'production' } },
  );
  if (status !== 0) {
    console.error(stdout + stderr);
    process.exit(1);
  }
}
stampWeb(root, made);
console.error(`Built the web app in ${((performance.now() - begun) / 1000).toFixed(1)} s.`);
