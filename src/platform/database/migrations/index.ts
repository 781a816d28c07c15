import type { Kysely } from 'kysely';
import { foundation } from './0001-foundation.ts';
import { accounts } from './0002-accounts.ts';
import { photos } from './0003-photos.ts';
import { albums } from './0004-albums.ts';
import { finding } from './0005-finding.ts';
import { accounting } from './0006-accounting.ts';
import { events } from './0007-events.ts';
import { sharing } from './0008-sharing.ts';
import { storage } from './0009-storage.ts';
import { photoTypes } from './0010-photo-types.ts';
import { pictures } from './0011-pictures.ts';
import { organizations } from './0012-organizations.ts';
import { publicPictures } from './0013-public-pictures.ts';
import { madePhotos } from './0014-made-photos.ts';
import { generation } from './0015-generation.ts';
import { pods } from './0016-pods.ts';
import { tryOut } from './0017-try-out.ts';
import { earlierSystems } from './0018-earlier-systems.ts';

/** Every migration, by the name under which it is recorded. Names sort in the order they run and are never changed. */
export const migrations: Record<string, (db: Kysely<unknown>) => Promise<void>> = {
  '0001-foundation': foundation,
  '0002-accounts': accounts,
  '0003-photos': photos,
  '0004-albums': albums,
  '0005-finding': finding,
  '0006-accounting': accounting,
  '0007-events': events,
  '0008-sharing': sharing,
  '0009-storage': storage,
  '0010-photo-types': photoTypes,
  '0011-pictures': pictures,
  '0012-organizations': organizations,
  '0013-public-pictures': publicPictures,
  '0014-made-photos': madePhotos,
  '0015-generation': generation,
  '0016-pods': pods,
  '0017-try-out': tryOut,
  '0018-earlier-systems': earlierSystems,
};
