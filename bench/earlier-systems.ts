import { makePhoto } from '../test/fixtures/photo.ts';
import { contender, noProc, sha256 } from './delivery.ts';
import { type Absent, type BenchRow, type Contest, canMeasureProcesses } from './harness.ts';
import { type Shot, toRequest } from './load/http-load.ts';
import { type RunningServer, startServer } from './load/server.ts';

const PICTURES = 100;

/** What an adapter costs above the native API that it speaks for: the same server, the same library, the same person. */
export const rows: BenchRow[] = [
  {
    name: "picture at an earlier system's signed address, beside the native signed address",
    unit: 'CPU µs',
    target: 1.2,
    gate: 1.5,
    prepare: () => prepare(pictures, 20_000),
  },
  {
    name: "list of a hundred pictures for an earlier system's client, beside the native list",
    unit: 'CPU µs',
    target: 1.2,
    gate: 1.5,
    prepare: () => prepare(lists, 1500),
  },
];

interface Person {
  readonly server: RunningServer;
  readonly headers: { readonly authorization: string };
}

interface Shots {
  readonly ours: Shot[];
  readonly theirs: Shot[];
}

async function prepare(toShots: (person: Person) => Promise<Shots>, count: number): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  const server = await startServer();
  const headers = { authorization: `Bearer ${await register(server)}` };
  for (let seed = 0; seed < PICTURES; seed += 1) await upload({ server, headers }, seed);
  const { ours, theirs } = await toShots({ server, headers });
  return {
    ours: await contender('pinit', server, ours, count),
    peer: await contender('native', server, theirs, count),
    beside: () => `${PICTURES} pictures, ${count} requests a time over 16 connections; with the CPU of PostgreSQL`,
    close: () => server.close(),
  };
}

async function register(server: RunningServer): Promise<string> {
  const response = await fetch(`${server.url}/api/register/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ola', password: 'a quiet harbour at dawn' }),
  });
  if (response.status !== 201) throw new Error(`/api/register/ answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

async function upload({ server, headers }: Person, seed: number): Promise<void> {
  const form = new FormData();
  form.set('image_type', 'gallery');
  form.set('image', new Blob([new Uint8Array(await makePhoto({ width: 800, height: 600, seed }))]), `${seed}.jpg`);
  const response = await fetch(`${server.url}/api/upload_user_image/`, { method: 'POST', headers, body: form });
  if (response.status !== 200) throw new Error(`the upload answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

async function read<Body>({ server, headers }: Person, path: string): Promise<Body> {
  return (await (await fetch(server.url + path, { headers })).json()) as Body;
}

/** With no header, as a page's `<img>` asks. */
async function pictures(person: Person): Promise<Shots> {
  const { url } = person.server;
  const { images } = await read<{ images: { url: string }[] }>(person, '/api/user_images/ola/');
  const { items } = await read<{ items: { full_url: string }[] }>(person, `/api/v1/photos?limit=${PICTURES}`);
  const shots = (addresses: string[]): Promise<Shot[]> =>
    Promise.all(addresses.map((address) => shotOf(person.server, new URL(address, url), {})));
  return {
    ours: await shots(images.map((image) => image.url)),
    theirs: await shots(items.map((item) => item.full_url)),
  };
}

async function lists({ server, headers }: Person): Promise<Shots> {
  const shot = (path: string) => shotOf(server, new URL(path, server.url), headers);
  return {
    ours: [await shot('/api/user_images/ola/')],
    theirs: [await shot(`/api/v1/photos?limit=${PICTURES}`)],
  };
}

async function shotOf(
  server: RunningServer,
  { pathname, search }: URL,
  headers: Record<string, string>,
): Promise<Shot> {
  const path = pathname + search;
  const response = await fetch(server.url + path, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${pathname} answered ${response.status}: ${bytes}`);
  return { status: 200, bytes: bytes.length, sha256: sha256(bytes), request: toRequest(path, headers) };
}
