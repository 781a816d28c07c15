import type { Plugin } from 'vite';

/** What the pages most visits begin with are made of; everything they import statically belongs to them. */
const roots = /\/src\/routes\/(\(app\)\/(photos\/)?)?\+(layout|page|error)\.(svelte|ts)$/;

/** Parts of the runtime that the first page names and never uses: whoever does brings them along. */
const others = /\/svelte\/src\/internal\/client\/dom\/elements\/bindings\/select\.js$/;

const reExport = /export\s*\{([^}]*)\}\s*from\s*['"]([^'"]+)['"];?/g;
const namedImport = /import\s*\{([^}]*)\}\s*from\s*['"]([^'"]+)['"]/g;
const wholeImport = /import\s*\*\s*as\s+([\w$]+)\s+from\s*['"]([^'"]+)['"]/g;
const comment = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

/** `a, b as c` → the names before or after `as`. */
function namesIn(list: string, side: 'before' | 'after'): string[] {
  const pairs = list.split(',').map((part) => part.trim().split(/\s+as\s+/));
  return pairs.map(([before = '', after = before]) => (side === 'before' ? before : after)).filter(Boolean);
}

/** Where each name of a module comes from that does nothing but pass names on (icons, Svelte's runtime); null for any other. */
function barrelOf(code: string): Map<string, string> | null {
  const plain = code.replace(comment, '');
  if (plain.replace(reExport, '').trim() !== '') return null;
  const sources = new Map<string, string>();
  for (const [, list = '', source = ''] of plain.matchAll(reExport))
    for (const name of namesIn(list, 'after')) sources.set(name, source);
  return sources.size > 0 ? sources : null;
}

/** The names a module takes of each module it imports. */
function namesTaken(whole: string): Map<string, Set<string>> {
  const code = whole.replace(comment, '');
  const taken = new Map<string, Set<string>>();
  const take = (source: string, names: string[]) =>
    taken.set(source, new Set([...(taken.get(source) ?? []), ...names]));
  for (const [, list = '', source = ''] of code.matchAll(namedImport)) take(source, namesIn(list, 'before'));
  for (const [, as = '', source = ''] of code.matchAll(wholeImport)) {
    const uses = code.matchAll(new RegExp(`(?<![\\w$.])${as.replaceAll('$', '\\$')}\\.([\\w$]+)`, 'g'));
    take(
      source,
      [...uses].map(([, name = '']) => name),
    );
  }
  return taken;
}

/**
 * Puts all that the first page needs into one file. Left to itself the bundler makes some forty, most below a kilobyte, since other
 * pages use parts of them too: apart they compress a tenth worse, and every one is a request. Of a module that only passes names on,
 * no more is taken than those the first page asks for: else the icons and the parts of the runtime of every other page came along.
 */
export function firstPageChunk() {
  const first = new Set<string>();
  return {
    groups: [
      // SvelteKit's start hands over what the page says before anything of its client may run, so what the start itself is made of must
      // not lie in the same file as the client.
      { name: 'start', test: /runtime\/client\/payload\.js$|vite\/preload-helper/, priority: 2 },
      { name: 'first', test: (id: string) => first.has(id), priority: 1 },
      // What every page of the library has, once its pictures are there: one request instead of six.
      {
        name: 'below',
        test: /\/src\/lib\/(shell\/SidebarBelow|albums\/(PinnedAlbums|pinned-albums|photo-drag)|parts\/(QuotaMeter|quota)|events)\./,
      },
      // What most other pages have: each apart would be a request, and a name that the start has to know.
      {
        name: 'common',
        test: /phosphor-icons|\/src\/lib\/(parts\/|form\.|confirm\.|resource\.|forms\.css)/,
        minShareCount: 4,
      },
    ],
    plugin: {
      name: 'tintype-first-page-chunk',
      apply: 'build' as const,
      applyToEnvironment: (environment: { name: string }) => environment.name === 'client',
      // The runtime's table of contents does nothing by itself. Held for more, it brings what any page takes of it to the first.
      transform: {
        filter: { id: /\/svelte\/src\/internal\/client\/index\.js$/ },
        handler: (code: string) => ({ code, map: null, moduleSideEffects: false }),
      },
      async buildEnd() {
        const resolve = async (source: string, importer: string) => (await this.resolve(source, importer))?.id;
        const codeOf = (id: string) => this.getModuleInfo(id)?.code ?? '';
        const barrels = new Map<string, ReturnType<typeof barrelOf>>();
        const barrelAt = (id: string) => {
          if (!barrels.has(id)) barrels.set(id, barrelOf(codeOf(id)));
          return barrels.get(id);
        };
        const visitName = async (barrel: string, name: string): Promise<void> => {
          const source = barrelAt(barrel)?.get(name);
          const id = source && (await resolve(source, barrel));
          if (!id) return;
          if (barrelAt(id)) await visitName(id, name);
          else await visit(id);
        };
        const visit = async (id: string): Promise<void> => {
          if (first.has(id) || others.test(id)) return;
          first.add(id);
          const passed = new Set<string>();
          for (const [source, names] of namesTaken(codeOf(id))) {
            const from = await resolve(source, id);
            if (!from || !barrelAt(from)) continue;
            passed.add(from);
            for (const name of names) await visitName(from, name);
          }
          for (const next of this.getModuleInfo(id)?.importedIds ?? []) if (!passed.has(next)) await visit(next);
        };
        for (const id of this.getModuleIds()) if (roots.test(id)) await visit(id);
      },
    } satisfies Plugin,
  };
}
