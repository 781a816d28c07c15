import {
  albums,
  albumsOn,
  archive,
  archiveOn,
  brush,
  brushOn,
  heart,
  heartOn,
  image,
  imageOn,
  people,
  peopleOn,
  trash,
  trashOn,
} from '#lib/icons.ts';

type Address = { readonly pathname: string; readonly searchParams: Pick<URLSearchParams, 'get'> };

export type Place = { href: string; label: string; icon: string; iconOn: string; isHere: (url: Address) => boolean };

const isFavorites = (url: Address) => url.searchParams.get('favorite') === 'true';
const under =
  (path: string): Place['isHere'] =>
  ({ pathname }) =>
    pathname === path || pathname.startsWith(`${path}/`);
const isPhotos = under('/photos');

const place = (label: string, icon: string, iconOn: string, href = `/${label.toLowerCase()}`): Place => ({
  href,
  label,
  icon,
  iconOn,
  isHere: under(href),
});

/** The places of the library, as the tabs list them; the account's menu has the archive and the trash on a phone. */
export const tabs: Place[] = [
  { ...place('Photos', image, imageOn), isHere: (url) => isPhotos(url) && !isFavorites(url) },
  {
    ...place('Favourites', heart, heartOn, '/photos?favorite=true'),
    isHere: (url) => isPhotos(url) && isFavorites(url),
  },
  place('Albums', albums, albumsOn),
  place('Studio', brush, brushOn),
  place('Shared', people, peopleOn),
];

/** As the sidebar and the rail list them. */
export const places: Place[] = [...tabs, place('Archive', archive, archiveOn), place('Trash', trash, trashOn)];
