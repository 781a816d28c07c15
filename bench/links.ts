import { contender, fillLibrary, noProc, sha256, THUMBNAILS } from './delivery.ts';
import { type Absent, type BenchRow, type Contest, canMeasureProcesses } from './harness.ts';
import { type Shot, toRequest } from './load/http-load.ts';

const password = 'kept between us';

/** A guest's door asks the database each time, where an owner's is remembered: the gate is where we stand, planning above all. */
export const rows: BenchRow[] = [
  {
    name: 'thumbnail of an album for the guest of a link with a password, beside the same for its owner',
    unit: 'CPU µs',
    target: 30,
    gate: 100,
    prepare: prepareGuest,
  },
];

/** One server and the same bytes twice, request for request: by the link's session, and by the owner's. */
async function prepareGuest(): Promise<Contest | Absent> {
  if (!canMeasureProcesses) return noProc;
  const { server, owner, ids } = await fillLibrary(THUMBNAILS, 1200, 900);
  const call = async (path: string, json: object, headers: Record<string, string> = {}) => {
    const body = JSON.stringify(json);
    const answer = await fetch(`${server.url}/api/v1${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', origin: server.url, ...headers },
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as { id: string; access_key: string; session: string };
  };
  const asOwner = { cookie: owner.cookie };
  const album = await call('/albums', { name: 'all', photo_ids: ids }, asOwner);
  const { access_key: key } = await call('/share/create', { album_id: album.id, password }, asOwner);
  const asGuest = { cookie: `tintype_guest=${(await call(`/share/${key}/unlock`, { password })).session}` };

  const shots: { guest: Shot[]; owner: Shot[] } = { guest: [], owner: [] };
  for (const id of ids) {
    const own = `/api/v1/photos/${id}/medium`;
    const bytes = Buffer.from(await (await fetch(server.url + own, { headers: asOwner })).arrayBuffer());
    const expected = { status: 200, bytes: bytes.length, sha256: sha256(bytes) };
    shots.guest.push({ ...expected, request: toRequest(`/s/${key}/photos/${id}/medium`, asGuest) });
    shots.owner.push({ ...expected, request: toRequest(own, asOwner) });
  }
  const locked = await fetch(`${server.url}/s/${key}/photos/${ids[0]}/medium`);
  if (locked.status !== 401) throw new Error(`whoever did not unlock it got ${locked.status}`);
  await locked.arrayBuffer();
  return {
    ours: await contender('guest', server, shots.guest, 3000),
    peer: await contender('owner', server, shots.owner, 40_000),
    beside: () =>
      `${ids.length} pictures, 3000 requests a time of the guest's and 40000 of the owner's over 16 connections; with the CPU of ` +
      'PostgreSQL; without the session 401',
    close: () => server.close(),
  };
}
