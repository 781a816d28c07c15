import type { Plugin } from 'vite';

/** What the pages most visits begin with are made of; everything they import statically belongs to them. */
const roots = /\/src\/routes\/(\(app\)\/(photos\/)?)?\+(layout|page|error)\.(svelte|ts)$/;

/**
 * Puts all that the first page needs into one file. Left to itself the bundler makes some forty, most below a kilobyte, since other
 * pages use parts of them too: apart they compress a tenth worse, and every one is a request.
 */
export function firstPageChunk() {
  const first = new Set<string>();
  return {
    groups: [
      // SvelteKit's start hands over what the page says before anything of its client may run, so what the start itself is made of must
      // not lie in the same file as the client.
      { name: 'start', test: /runtime\/client\/payload\.js$|vite\/preload-helper/, priority: 1 },
      { name: 'first', test: (id: string) => first.has(id) },
    ],
    plugin: {
      name: 'tintype-first-page-chunk',
      apply: 'build' as const,
      applyToEnvironment: (environment: { name: string }) => environment.name === 'client',
      buildEnd() {
        const visit = (id: string): void => {
          if (first.has(id)) return;
          first.add(id);
          for (const next of this.getModuleInfo(id)?.importedIds ?? []) visit(next);
        };
        for (const id of this.getModuleIds()) if (roots.test(id)) visit(id);
      },
    } satisfies Plugin,
  };
}
