import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAccess, requireAllowed } from '#features/access/index.ts';
import { pictureUrl, setPicture } from '#features/accounts/index.ts';
import { logoUrl, type OrganizationTables, setLogo } from '#features/organizations/index.ts';
import { lockBlobShared, type PhotoTables, sweepBlobs } from '#features/photos/index.ts';
import { explainMoved } from '#platform/blobs/storage-place.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller, UserCaller } from '#platform/http/caller.ts';
import type { PictureFile, PictureShape } from '#platform/imaging/index.ts';
import type { Picture } from './contract.ts';
import type { PictureDeps } from './deps.ts';
import { publishPictures, takeBackFiles } from './jobs.ts';
import { type PictureLocator, toShown } from './locate-picture.ts';
import { type Copy, publishCopies, toCopy } from './publish-copies.ts';
import type { PictureSource } from './receive-picture.ts';
import { findPicture, lockPictures, type PictureKind, recordPicture } from './store.ts';

type Tx = Kysely<PhotoTables & OrganizationTables>;
/** Of what is remembered of pictures they need but to have it forgotten. */
type Deps = Omit<PictureDeps, 'locator'> & { readonly locator: Pick<PictureLocator, 'forget'> };
type PictureBody = z.infer<typeof Picture>;
/** Asked for what the picture is made of once the caller is known to be let in. */
type Receive = (user: UserCaller) => Promise<PictureSource>;

const mostBytes = 500 * 1024;
const longSides: Record<PictureKind, number> = { profile: 1024, cover: 1920, logo: 1024 };

/** What a picture is made to be, for whoever tries what would come of one. */
export const shapeOf = (kind: PictureKind, crop: PictureShape['crop']): PictureShape => ({
  crop,
  longSide: longSides[kind],
  mostBytes,
});

/**
 * Shows everybody a picture of the caller in place of the one before.
 * @throws AppError as {@link Imaging.makePicture}, and what `receive` throws
 */
export async function setOwnPicture(
  deps: Deps,
  caller: Caller,
  kind: 'profile' | 'cover',
  receive: Receive,
  signal: AbortSignal,
): Promise<PictureBody> {
  const user = requireAllowed(caller, 'picture.change');
  const source = await receive(user);
  const whole = await publish(deps, user, { kind, id: user.userId }, source, signal, (tx, hash) =>
    setPicture(tx, user.userId, kind, hash),
  );
  return { url: pictureUrl(user.userId, kind, whole.version) as string, ...whole.size };
}

/** Shows nothing of the kind any more. Where nothing was, nothing changes. */
export async function removeOwnPicture(deps: Deps, caller: Caller, kind: 'profile' | 'cover'): Promise<void> {
  const user = requireAllowed(caller, 'picture.change');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await sweepFormer(deps, tx, { kind, id: user.userId }, null);
    await setPicture(tx, user.userId, kind, null);
  });
  deps.locator.forget(user.userId);
}

/** As {@link setOwnPicture}, of an organization. @throws AppError `not_found`, `forbidden` for who does not administer it */
export async function setOrganizationLogo(
  deps: Deps,
  caller: Caller,
  id: string,
  receive: Receive,
  signal: AbortSignal,
): Promise<PictureBody> {
  const user = requireAllowed(caller, 'organization.administer');
  const requireIt = (tx: Tx) => requireAccess(tx, caller, 'organization.administer', [id]);
  await deps.database.as(user.principal, requireIt);
  const source = await receive(user);
  const whole = await publish(deps, user, { kind: 'logo', id }, source, signal, async (tx, hash) => {
    // Who was let in when the body began may have been shown out since.
    await requireIt(tx);
    if (!(await setLogo(tx, id, hash))) throw new AppError('not_found', 'There is no such organization.');
  });
  return { url: logoUrl(id, whole.version) as string, ...whole.size };
}

/** @throws AppError `not_found`, `forbidden` for who does not administer it */
export async function removeOrganizationLogo(deps: Deps, caller: Caller, id: string): Promise<void> {
  const user = requireAllowed(caller, 'organization.administer');
  await deps.database.as(user.principal, async (tx: Tx) => {
    await requireAccess(tx, caller, 'organization.administer', [id]);
    await sweepFormer(deps, tx, { kind: 'logo', id }, null);
    if (!(await setLogo(tx, id, null))) throw new AppError('not_found', 'There is no such organization.');
  });
  deps.locator.forget(id);
}

interface Place {
  readonly kind: PictureKind;
  /** Of a person or an organization. */
  readonly id: string;
}

/** Makes the picture, puts its files where they stay, and commits that it is shown last: a failure leaves the one before. */
async function publish(
  deps: Deps,
  user: UserCaller,
  place: Place,
  source: PictureSource,
  signal: AbortSignal,
  show: (tx: Tx, hash: Buffer) => Promise<void>,
): Promise<{ version: string; size: Pick<PictureFile, 'width' | 'height' | 'bytes'> }> {
  const workFolder = await deps.blobs.createTempFolder().catch(async (error) => {
    await source.discard();
    throw error;
  });
  let stored: string | null = null;
  const copies: Copy[] = [];
  try {
    const { crop, path } = source;
    const shape = shapeOf(place.kind, crop);
    const files = await deps.imaging.makePicture({ path, outDir: workFolder.path, shape, signal });
    const whole = files[0] as PictureFile;
    const hash = createHash('sha256')
      .update(await readFile(whole.path))
      .digest();
    const name = hash.toString('hex');
    if (deps.publicBucket) {
      for (const { variant, path: file } of files) copies.push(toCopy(variant, await readFile(file)));
    }
    await deps.database.asStoring(user.principal, async (tx: Tx) => {
      await lockBlobShared(tx, hash);
      stored = name;
      // Asked before: a library that begins to move from there meanwhile looks there for what it has to take along.
      const { driver } = deps.blobs;
      for (const { variant, path: file } of files) await deps.blobs.put({ hash: name, variant }, file);
      await recordPicture(tx, { hash, bytes: whole.bytes, driver, files });
      if (deps.publicBucket) await publishCopies(tx, deps.publicBucket, hash, copies);
      await sweepFormer(deps, tx, place, name);
      await show(tx, hash);
    });
    deps.locator.forget(place.id);
    const { width, height, bytes } = whole;
    return { version: toShown(name).version, size: { width, height, bytes } };
  } catch (error) {
    // Whether somebody else shows the same picture is not for a request to know: a job looks and cleans up.
    if (stored) await deps.jobs.send(sweepBlobs, { hash: stored }).catch(() => {});
    if (stored && copies.length > 0) {
      await deps.jobs.send(takeBackFiles, { files: copies.map(({ sha256 }) => sha256) }).catch(() => {});
    }
    throw explainMoved(error);
  } finally {
    await source.discard();
    await workFolder.discard();
  }
}

/** Has the files of the picture that is shown now deleted once it is not, where nobody else shows the same. */
async function sweepFormer(deps: Deps, tx: Tx, { kind, id }: Place, next: string | null): Promise<void> {
  await lockPictures(tx, id);
  const former = await findPicture(tx, kind, id);
  if (former && former !== next) await deps.jobs.send(sweepBlobs, { hash: former }, tx);
  // What was replaced goes with the next look; what was taken away, at once.
  if (former && next === null && deps.publicBucket) await deps.jobs.send(publishPictures, { now: true }, tx);
}
