import { heart, heartOn, image, imageOn, trash, trashOn } from '#lib/icons.ts';

type Address = { readonly pathname: string; readonly searchParams: Pick<URLSearchParams, 'get'> };

export type Place = { href: string; label: string; icon: string; iconOn: string; isHere: (url: Address) => boolean };

const favorites = (url: Address) => url.searchParams.get('favorite') === 'true';

/** The places of the library, as the sidebar, the rail and the tabs list them. */
export const places: Place[] = [
  {
    href: '/photos',
    label: 'Photos',
    icon: image,
    iconOn: imageOn,
    isHere: (url) => url.pathname.startsWith('/photos') && !favorites(url),
  },
  {
    href: '/photos?favorite=true',
    label: 'Favourites',
    icon: heart,
    iconOn: heartOn,
    isHere: (url) => url.pathname.startsWith('/photos') && favorites(url),
  },
  { href: '/trash', label: 'Trash', icon: trash, iconOn: trashOn, isHere: (url) => url.pathname.startsWith('/trash') },
];
