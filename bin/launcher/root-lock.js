import { closeSync, openSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from './process.js';

// A holder touches the file every second; one that has not for five is dead. Its pid would prove nothing in a container.
const beat = 1000;
const dead = 5000;

/**
 * Runs `work` while no other launch in this folder installs or builds.
 * @template T
 * @param {string} root
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withRootLock(root, work) {
  const file = path.join(root, '.tintype.lock');
  for (let told = false; !take(file); await sleep(200)) {
    if (!told) console.error('Another start is installing or building here; waiting for it …');
    told = true;
  }
  const heart = setInterval(() => touch(file), beat);
  try {
    return await work();
  } finally {
    clearInterval(heart);
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function take(file) {
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'EEXIST') {
      throw new LaunchError(
        `${path.dirname(file)} cannot be written (${message}): install and build as its owner first.`,
      );
    }
  }
  const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (touched !== undefined && Date.now() - touched > dead) rmSync(file, { force: true });
  return false;
}

/** @param {string} file */
function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // Taken away under us; the work goes on.
  }
}
