import { createContext } from 'svelte';
import type { Studio } from './studio.svelte.ts';

/** What all pages of the studio share: models, settings and templates. */
export const [getStudio, setStudio] = createContext<Studio>();
