// Adds to package-lock.json the programs for other systems that a registry without them made npm leave out: `npm ci`
// refuses a lockfile that lacks an optional dependency, on every system. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface LockedPackage {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const file = path.join(path.dirname(import.meta.dirname), 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockedPackage> };
const packages = lock.packages;
const added: string[] = [];

for (const [place, { optionalDependencies, dev }] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
    if (packages[`${place}/node_modules/${name}`] || packages[`node_modules/${name}`]) continue;
    // Without a hash: npm asks the registry for it on the systems that need the package, and skips it on the others.
    packages[`node_modules/${name}`] = { version, ...(dev ? { dev } : {}), ...systemOf(name), optional: true };
    added.push(name);
  }
}

lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? 'package-lock.json is complete.' : `Added ${added.join(', ')}.`);

/** `@scope/binding-linux-arm64-musl` → the fields by which npm knows where a package belongs. */
function systemOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const [, os, cpu, abi] =
    /(android|darwin|freebsd|linux|openharmony|win32|wasm32)-(\w+?)(?:-(\w+))?$/.exec(name) ?? [];
  if (!os || !cpu) throw new Error(`${name}: what system is it for? Add its entry to package-lock.json by hand.`);
  if (os === 'wasm32') return { cpu: ['wasm32'] };
  const libc =
    os !== 'linux' ? undefined : abi?.startsWith('musl') ? 'musl' : abi?.startsWith('gnu') ? 'glibc' : undefined;
  return { os: [os], cpu: [cpu], ...(libc ? { libc: [libc] } : {}) };
}
