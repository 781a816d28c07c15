import { session } from '#lib/session.svelte.ts';

type Kind = 'profile' | 'cover';
const fields = { profile: 'profile_picture_url', cover: 'cover_picture_url' } as const;

/** What one's own picture was before one on its way was shown in its place. */
let former: string | null | undefined;
/** The one on its way that is shown. */
let preview: string | null = null;

function put(kind: Kind, url: string | null): void {
  if (session.user) session.user = { ...session.user, [fields[kind]]: url };
}

/** Shows one's own new picture wherever it is to be seen in this window; null when there is none any more. */
export function showOwnPicture(kind: Kind, url: string | null): void {
  if (kind === 'profile') {
    former = undefined;
    preview = null;
  }
  put(kind, url);
}

/** Shows what is on its way to the server, as an address of this page alone; with null, what was there before. */
export function previewOwnPicture(url: string | null): void {
  const now = session.user?.profile_picture_url ?? null;
  if (url !== null) {
    if (former === undefined || now !== preview) former = now;
    put('profile', url);
  } else if (former !== undefined && now === preview) {
    // Where the server has told another one meanwhile, that is newer than what was there before.
    put('profile', former);
  }
  preview = url;
  if (url === null) former = undefined;
}
