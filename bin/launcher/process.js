import { spawn } from 'node:child_process';

/** Nothing can be started; the message is a sentence for whoever tried. */
export class LaunchError extends Error {}

const forwarded = /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP']);

/**
 * Runs a program to its end. A signal to this process goes on to it, once of each kind, so that ending the launcher ends
 * everything and a signal to the whole process group, of which npm also sends a copy, is not doubled further.
 * @param {string} program
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<{code: number | null, signal: NodeJS.Signals | null, output: string}>} `output` unless inherited
 */
export function runToEnd(program, args, options) {
  const child = spawn(program, args, options);
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (output += chunk));
  const sent = new Set();
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    if (sent.has(signal)) return;
    sent.add(signal);
    child.kill(signal);
  };
  for (const signal of forwarded) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of forwarded) process.removeListener(name, forward);
      // Whoever asked the launcher to end wants no next step either.
      const asked = [...sent][0];
      if (asked && (signal || code !== 0)) process.kill(process.pid, asked);
      resolve({ code, signal, output });
    });
  });
}

/**
 * Becomes `node script…`: by exec where Node can, so that no launcher stays in memory between a supervisor and the
 * server; as a parent that passes signals and the exit code on, where it cannot (Node 20).
 * @param {string} node
 * @param {string[]} script the file and its arguments
 */
export async function replaceProcess(node, script) {
  if (typeof process.execve === 'function') {
    process.execve(node, [node, ...script], process.env);
  }
  const { code, signal } = await runToEnd(node, script, { stdio: 'inherit' }).catch((error) => {
    throw new LaunchError(
      `${node} does not run on this system (${error.message}): install Node 24 from https://nodejs.org and start again.`,
    );
  });
  if (signal) process.kill(process.pid, signal);
  process.exitCode = code ?? 1;
}
