import type { Kysely } from 'kysely';
import { receiveFile } from '#features/photos/index.ts';
import {
  findPicture,
  type PictureSource,
  setOrganizationLogo,
  setOwnPicture,
  shapeOf,
} from '#features/pictures/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { PeopleTerms } from './bring-person.ts';
import { explainSkipped } from './bring-photo.ts';
import type { ImportDeps } from './deps.ts';
import { type EarlierPicture, Skip } from './earlier-system.ts';
import { findImported, insertImported } from './store.ts';
import type { ImportTables } from './tables.ts';
import { requirePicture } from './tell-kind.ts';

type Tx = Kysely<ImportTables>;
type Terms = Pick<PeopleTerms, 'system' | 'adminId' | 'dryRun'> & { readonly signal: AbortSignal };

/**
 * Shows everybody the picture that somebody, or an organization, showed in an earlier system, unless they show another one here. It is
 * brought once: who takes theirs down does not find it back after another run.
 * @param shownBy whom it is of here; null where a dry run made nobody
 * @throws Skip, AppError
 */
export async function bringPicture(
  deps: ImportDeps,
  terms: Terms,
  picture: EarlierPicture,
  shownBy: string | null,
): Promise<'shown' | 'there' | 'kept'> {
  const { system, adminId } = terms;
  const kind = picture.kind === 'logo' ? 'organization' : 'person';
  const earlierId = `picture:${picture.of}`;
  const asAdmin = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
    deps.database.as({ kind: 'user', id: adminId }, work);
  const settle = async (id: string): Promise<void> => {
    const owner_id = kind === 'person' ? id : null;
    if (!terms.dryRun) {
      await asAdmin((tx) => insertImported(tx, { system, kind, earlier_id: earlierId, id, owner_id }));
    }
  };

  if (await asAdmin((tx) => findImported(tx, { system, kind, earlierId }))) return 'there';
  if (shownBy !== null && (await asAdmin((tx) => findPicture(tx, picture.kind, shownBy)))) {
    await settle(shownBy);
    return 'kept';
  }
  if (terms.dryRun || shownBy === null) await look(deps, picture, terms.signal).catch(explainMade);
  else {
    await show(deps, terms, picture, shownBy).catch(explainMade);
    await settle(shownBy);
  }
  return 'shown';
}

async function show(deps: ImportDeps, { adminId, signal }: Terms, picture: EarlierPicture, id: string): Promise<void> {
  // A server hears of it from the database, and puts it into its public bucket with the next look at what is missing there.
  const whole = { ...deps, locator: { forget: () => {} }, publicBucket: null };
  const receive = () => receivePicture(deps, picture);
  if (picture.kind === 'profile') await setOwnPicture(whole, callerOf(id), 'profile', receive, signal);
  else await setOrganizationLogo(whole, callerOf(adminId), id, receive, signal);
}

/** A file that is too large was skipped before: this is of what was to be made of it. */
function explainMade(error: unknown): never {
  if (error instanceof AppError && error.code === 'too_large') throw new Skip('too_detailed');
  return explainSkipped(error);
}

/** Makes of it what would be shown. */
async function look(deps: ImportDeps, picture: EarlierPicture, signal: AbortSignal): Promise<void> {
  const { path, discard } = await receivePicture(deps, picture);
  try {
    const folder = await deps.blobs.createTempFolder();
    try {
      await deps.imaging.makePicture({ path, outDir: folder.path, shape: shapeOf(picture.kind, null), signal });
    } finally {
      await folder.discard();
    }
  } finally {
    await discard();
  }
}

async function receivePicture(deps: ImportDeps, picture: EarlierPicture): Promise<PictureSource> {
  const file = await picture.open();
  try {
    const { arrived, discard } = await receiveFile(deps, await requirePicture(picture.name, file)).catch(
      explainSkipped,
    );
    return { path: arrived.path, crop: null, discard };
  } finally {
    await file.close();
  }
}

/** Whoever has the library's files and database may do what each in it may: a command of theirs does it in their name. */
const callerOf = (id: string): UserCaller => ({
  kind: 'user',
  principal: { kind: 'user', id },
  userId: id,
  username: '',
  role: 'user',
  via: 'single',
  credentialId: '',
  scopes: null,
  expiresAt: null,
});
