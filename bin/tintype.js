#!/usr/bin/env node
// Plain JavaScript for Node ≥ 20: it runs before anything is installed, and starts the rest under a newer Node.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode } from './launcher/find-node.js';
import { ensureInstalled } from './launcher/install.js';
import { LaunchError, replaceProcess, runToEnd } from './launcher/process.js';
import { withRootLock } from './launcher/root-lock.js';
import { webIsBuilt } from './launcher/web-stamp.js';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * The script to run and its arguments: `run <file.ts> …` a script of the project, `tool <name> …` a program of a
 * dependency, everything else the product's own command line.
 * @param {string[]} args
 */
function chooseScript([command = '', ...rest]) {
  if (command !== 'run' && command !== 'tool') {
    return [path.join(root, 'src/main.ts'), ...(command ? [command, ...rest] : [])];
  }
  const [target, ...args] = rest;
  if (!target) throw new LaunchError(`tintype ${command} needs a name: what should it start?`);
  return [command === 'run' ? path.resolve(root, target) : path.join(root, 'node_modules/.bin', target), ...args];
}

/** @param {string} node */
async function ensureWebBuilt(node) {
  if (webIsBuilt(root)) return;
  await withRootLock(root, async () => {
    if (webIsBuilt(root)) return;
    console.error('Building the web app …');
    const { code } = await runToEnd(node, [path.join(root, 'scripts/build-web.ts')], { stdio: 'inherit' });
    if (code !== 0) throw new LaunchError('The web app could not be built; the reason stands above.');
  });
}

try {
  const args = process.argv.slice(2);
  await ensureInstalled(root);
  const node = findNode(root);
  process.env.PATH = [path.dirname(node), process.env.PATH].join(path.delimiter);
  if (args[0] === 'serve') {
    await ensureWebBuilt(node);
    // Compiled modules are kept, which spares every later start, and every child, half of its work.
    process.env.NODE_COMPILE_CACHE ??= path.join(root, 'node_modules/.cache/tintype');
  }
  await replaceProcess(node, chooseScript(args));
} catch (error) {
  if (!(error instanceof LaunchError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
