import { accessSync, chmodSync, constants } from 'node:fs';
import path from 'node:path';
import { LaunchError } from './process.js';

// The first with argon2 in node:crypto.
const oldest = { major: 24, minor: 7 };

/**
 * A Node that the product runs on: this one when it is new enough, else the one that came as a dependency.
 * @param {string} root the project's folder
 * @returns {string} path of the program
 */
export function findNode(root) {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const name = `node-${process.platform}-${process.arch}`;
  const packaged = path.join(root, 'node_modules', name, 'bin/node');
  if (isExecutable(packaged)) return packaged;
  throw new LaunchError(
    `Tintype needs Node ${oldest.major}.${oldest.minor} or newer; this is ${process.version}, and there is no package with a newer one for ${process.platform}-${process.arch} in node_modules. Install Node 24 from https://nodejs.org and start again.`,
  );
}

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EACCES') return false;
  }
  try {
    // Some ways of unpacking a package lose the bit, and the script that would set it may not run.
    chmodSync(file, 0o755);
    return true;
  } catch {
    return false;
  }
}
