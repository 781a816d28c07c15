import { readStorage } from '#features/storage/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyDeps } from '../deps.ts';
import type { LegacyRoute } from '../system.ts';

/** Whether the storage works, found out by using it; for administrators. There, anybody was told, down to a key. */
export function storageRoutes(deps: LegacyDeps): LegacyRoute[] {
  const look = async (user: UserCaller) => {
    const { places, probe, public_place: publicPlace } = await readStorage(deps.storage, user, { probe: true });
    const current = places.find(({ role }) => role === 'current');
    return {
      bucket: current?.name ?? current?.driver ?? null,
      publicDomain: publicPlace && new URL(publicPlace.url).host,
      isGood: probe?.ok === true,
      // What was not come to has no time.
      writeMs: probe?.write_ms ?? null,
      readMs: probe?.read_ms ?? null,
      deleteMs: probe?.delete_ms ?? null,
      ...(probe?.error ? { said: { error: probe.error } } : {}),
    };
  };
  return [
    {
      method: 'GET',
      path: ['/api/debug/r2-status/', '/api/debug/r2-status'],
      handle: async (c, user) => {
        const { isGood, bucket, publicDomain, writeMs, readMs, said } = await look(user);
        return c.json({
          status: isGood ? 'connected' : 'error',
          bucket,
          region: 'auto',
          public_domain: publicDomain,
          test_upload: writeMs !== null,
          test_download: readMs !== null,
          ...said,
        });
      },
    },
    {
      method: 'GET',
      path: ['/api/test-r2-storage/', '/api/test-r2-storage'],
      handle: async (c, user) => {
        const { isGood, writeMs, readMs, deleteMs, said } = await look(user);
        const tests = {
          connection: writeMs !== null,
          upload: writeMs !== null,
          download: readMs !== null,
          delete: deleteMs !== null,
        };
        const performance = { upload_time_ms: writeMs, download_time_ms: readMs };
        const message = isGood ? 'R2 storage test completed successfully' : 'R2 storage test failed';
        return c.json({ success: isGood, message, tests, performance, ...said }, isGood ? 200 : 500);
      },
    },
  ];
}
