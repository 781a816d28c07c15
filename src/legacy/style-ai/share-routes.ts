import { closeLink, createLink, listLinks, NewLink } from '#features/sharing/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { requireValid } from '#platform/http/require-valid.ts';
import type { LegacyDeps } from '../deps.ts';
import { readJson } from '../read-body.ts';
import type { LegacyContext, LegacyRoute } from '../system.ts';
import { findImages, imagePath } from './find-images.ts';
import { toNaiveTime } from './present.ts';

/** More links than anybody makes to one picture. */
const most = 1000;

/** Links by which whoever has them sees one image. */
export function shareRoutes(deps: LegacyDeps): LegacyRoute[] {
  const path = `${imagePath}/share`;
  const imageOf = async (c: LegacyContext, user: UserCaller): Promise<string> => {
    const [image] = await findImages(deps, user, [c.req.param('id') ?? '']);
    return image?.id as string;
  };
  const linksTo = async (user: UserCaller, id: string) =>
    (await listLinks(deps.sharing, user, { photo_id: id, limit: most, offset: 0 })).items;

  return [
    {
      method: 'POST',
      path,
      async handle(c, user) {
        const id = await imageOf(c, user);
        const { password, allow_download, max_views, expires_in_days: days } = await readAny(c);
        const wanted = {
          photo_id: id,
          ...(password === undefined || password === null ? {} : { password }),
          ...(allow_download === undefined ? {} : { allow_download }),
          ...(max_views === undefined || max_views === null ? {} : { max_views }),
          ...(days === undefined ? {} : { expires_at: days === null ? null : dayAfter(days) }),
        };
        const link = await createLink(deps.sharing, user, requireValid(NewLink, wanted), deps.clientOf(c).ip);
        const share = present(id, { ...link, has_password: wanted.password !== undefined });
        return c.json({ message: 'Image shared successfully', share }, 201);
      },
    },
    {
      method: 'GET',
      path,
      async handle(c, user) {
        const id = await imageOf(c, user);
        return c.json({ shares: (await linksTo(user, id)).map((link) => present(id, link)) });
      },
    },
    {
      method: 'DELETE',
      path,
      async handle(c, user) {
        const links = await linksTo(user, await imageOf(c, user));
        for (const link of links) await closeLink(deps.sharing, user, link.id, deps.clientOf(c).ip);
        return c.json({ message: 'Image no longer shared', closed: links.length });
      },
    },
  ];
}

const present = (
  imageId: string,
  link: { id: string; url: string; has_password: boolean; expires_at: string | null },
) => ({
  id: link.id,
  image_id: imageId,
  url: link.url,
  has_password: link.has_password,
  expires_at: link.expires_at && toNaiveTime(link.expires_at),
});

/** A link that asks for nothing needs no body. */
const readAny = async (c: LegacyContext): Promise<Record<string, unknown>> =>
  Number(c.req.header('content-length') ?? 0) === 0 && c.req.header('transfer-encoding') === undefined
    ? {}
    : readJson(c);

function dayAfter(days: unknown): string {
  if (typeof days === 'number' && days > 0 && days <= 3650) {
    return new Date(Date.now() + days * 86_400_000).toISOString();
  }
  throw new AppError(
    'validation_error',
    'expires_in_days: This is a number of days, 3650 at the most; null for never.',
  );
}
