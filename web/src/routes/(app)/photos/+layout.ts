import { redirect } from '@sveltejs/kit';

/** Searches had their address here once; an opened photo among them keeps its own. */
export function load({ url }: { url: URL }) {
  if (url.searchParams.has('q')) redirect(307, url.pathname.replace('photos', 'search') + url.search);
}
