import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** The shared libraries that a process has loaded once it has imported a file of ours. */
async function librariesOf(file: string): Promise<string[]> {
  const address = new URL(`../src/${file}`, import.meta.url).href;
  const script = `await import(${JSON.stringify(address)}); console.log(JSON.stringify(process.report.getReport().sharedObjects)); process.exit()`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    maxBuffer: 2 ** 24,
  });
  return JSON.parse(stdout);
}

const isDecoder = (library: string): boolean => /vips|sharp/.test(library);

// One import of a value, where a type was meant, brings it in: 40 MB, and every flaw of a decoder into the process that has the secrets.
test('the server itself loads no decoder of pictures; the process that decodes does', async () => {
  expect((await librariesOf('app.ts')).filter(isDecoder)).toEqual([]);
  expect((await librariesOf('platform/imaging/derive-picture.ts')).filter(isDecoder)).not.toEqual([]);
});
