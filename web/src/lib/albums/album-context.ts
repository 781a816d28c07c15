import { createContext } from 'svelte';
import type { OpenAlbum } from './open-album.svelte.ts';

/** The album whose page this is; a getter, as the page may go from one to another. */
export const [getOpenAlbum, setOpenAlbum] = createContext<() => OpenAlbum>();
