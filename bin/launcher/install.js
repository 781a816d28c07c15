import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LaunchError, runToEnd } from './process.js';
import { withRootLock } from './root-lock.js';

/**
 * Installs the dependencies when they are absent or not those of package-lock.json.
 * @param {string} root the project's folder
 */
export async function ensureInstalled(root) {
  if (isInstalled(root)) return;
  await withRootLock(root, async () => {
    if (isInstalled(root)) return;
    const begun = Date.now();
    console.error('Installing the dependencies (npm ci), once …');
    const { code, output } = await npmCi(root);
    if (code !== 0) throw new LaunchError(explain(output));
    console.error(`Installed in ${Math.round((Date.now() - begun) / 1000)} s.`);
  });
}

/**
 * Compares what is to be there with what npm says it put there. It writes the second list at the very end, so an install
 * that was cut off does not count.
 * @param {string} root
 */
function isInstalled(root) {
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  const present = readPackages(path.join(root, 'node_modules/.package-lock.json'));
  if (!wanted || !present) return !wanted;
  return Object.entries(wanted).every(([place, { version, optional }]) => {
    if (place === '') return true;
    const found = present[place];
    // Optional ones are absent where they are for another system.
    return found ? found.version === version : optional === true;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, {version?: string, optional?: boolean}> | undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} root */
async function npmCi(root) {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  // The npm that runs us, else the one in PATH.
  const [program, ...before] = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  try {
    return await runToEnd(program, [...before, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new LaunchError(
      `npm cannot be started (${/** @type {Error} */ (error).message}): install it, or run "npm ci" here yourself.`,
    );
  }
}

/** @param {string} output what npm printed */
function explain(output) {
  const reason = output
    .split('\n')
    .filter((line) => /^npm (error|ERR!)/.test(line) && !/A complete log|debug-0\.log/.test(line))
    .slice(0, 8)
    .join('\n');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH/.test(output)) {
    return `${reason}\nThe dependencies could not be installed, because the npm registry cannot be reached. The first start needs it; the next ones do not.`;
  }
  if (/ENOSPC/.test(output))
    return 'The dependencies could not be installed, because the disk is full: about 700 MB are needed.';
  if (/EACCES|EROFS|EPERM/.test(output)) {
    return `${reason}\nThe dependencies could not be installed, because this folder cannot be written: run "npm ci" once as its owner.`;
  }
  return `${reason || output.trim()}\nThe dependencies could not be installed: run "npm ci" here to see why.`;
}
