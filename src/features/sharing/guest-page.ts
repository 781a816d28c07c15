import type { Kysely } from 'kysely';
import { createRouter } from '#platform/http/api.ts';
import { AppError } from '#platform/http/app-error.ts';
import { type AuthorizeDeps, authorizeGuest, type GuestRequest, neededBy, requireOpenLink } from './authorize-guest.ts';
import type { SharingDeps } from './deps.ts';
import { chooseForm } from './negotiate.ts';
import type { SharingTables } from './tables.ts';
import { describeTarget } from './visit-link.ts';

type Deps = AuthorizeDeps & Pick<SharingDeps, 'publicUrl'>;

/** What the head of a guest's page says of it, to those who show the address in a message. */
interface PageHead {
  readonly status: 200 | 404 | 410;
  readonly title: string | null;
  /** Absolute. */
  readonly image: string | null;
}

/**
 * What may be said of a link before anybody has opened it: its title and its cover where it is open to whoever has it, and
 * nothing where it has a password or counts its visits, whatever session the one who asks has.
 */
async function describePage(deps: Deps, request: Pick<GuestRequest, 'key' | 'address'>): Promise<PageHead> {
  try {
    if (neededBy(await requireOpenLink(deps, request.key)) !== null) return { status: 200, title: null, image: null };
    const { caller } = await authorizeGuest(deps, request);
    const { title, coverId } = await deps.database.as(caller.principal, (tx: Kysely<SharingTables>) =>
      describeTarget(tx, caller),
    );
    const cover = `${deps.publicUrl()}/s/${request.key}/photos/${coverId}/preview`;
    return { status: 200, title, image: coverId === null ? null : cover };
  } catch (error) {
    const status = error instanceof AppError ? error.status : 500;
    if (status === 404 || status === 410) return { status, title: null, image: null };
    throw error;
  }
}

/**
 * The page that a browser opens a link in. It is answered whatever the link is, so that it can say so; the status tells.
 * @param deps.fill the built page with its places filled in; null where the web app has not been built
 */
export function guestPages(
  deps: Deps & {
    readonly fill: (path: string, html: Readonly<Record<string, string>>) => Promise<Response | null>;
  },
) {
  const respond = async (key: string, address: GuestRequest['address']): Promise<Response> => {
    const head = await describePage(deps, { key, address });
    const page = await deps.fill('/guest.html', toHtml(head));
    if (!page) throw new AppError('not_found', 'The web app has not been built here.');
    page.headers.set('vary', 'Accept');
    return new Response(page.body, { status: head.status, headers: page.headers });
  };

  const router = createRouter();
  router.get('/:key', (c, next) =>
    chooseForm(c.req.header('accept')) === 'html' ? respond(c.req.param('key'), c.var.address) : next(),
  );
  // One photo of it, opened: the page finds which by its own address.
  router.get('/:key/:photo{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}}', (c) =>
    respond(c.req.param('key'), c.var.address),
  );
  return router;
}

/** Title and Open Graph tags (https://ogp.me), and words for those without JavaScript. */
function toHtml({ title, image }: PageHead): { head: string; words: string } {
  const name = escapeHtml(title ?? 'Tintype');
  const tags = [
    `<title>${title === null ? name : `${name} · Tintype`}</title>`,
    `<meta property="og:title" content="${name}">`,
    '<meta property="og:type" content="website">',
    '<meta property="og:site_name" content="Tintype">',
    ...(image === null ? [] : [`<meta property="og:image" content="${escapeHtml(image)}">`]),
  ];
  return { head: tags.join(''), words: title === null ? '' : `<h1>${name}</h1>` };
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
