import type { Plugin } from 'vite';

/** What is changed in which file; each must be there, so that an update cannot bring the rest back unseen. */
const changes: { file: RegExp; of: (string | RegExp)[][] }[] = [
  {
    // Every block of Svelte asks whether it takes over what a server drew. With a constant the bundler strikes that half out.
    file: /\/svelte\/src\/internal\/client\/dom\/hydration\.js$/,
    of: [
      ['export let hydrating = false;', 'export const hydrating = false;'],
      [/(export function set_hydrating\(value\) \{)\s*hydrating = value;\s*\}/, '$1}'],
    ],
  },
  {
    // Which parts of a `style` attribute a directive overrules is told by reading it. Here no element has both.
    file: /\/svelte\/src\/internal\/shared\/attributes\.js$/,
    of: [
      [
        /(export function to_style\(value, styles\) \{\s*if \(styles\) \{[\s\S]*?)if \(value\) \{/,
        "$1if (value) throw Error('Either style or style directives: see lean-client.ts'); if (false) {",
      ],
    ],
  },
  {
    file: /\/kit\/src\/runtime\/client\/client\.js$/,
    of: [
      [/if \(data\) \{\s*restore_reload_scroll\(\);\s*await _hydrate\(target, data\);\s*\} else \{/, '{'],
      ['should_hydrate ? hydrate : mount', 'mount'],
      [/if \(should_hydrate\) \{/, 'if (false) {'],
      // Traces are a server's: no `load` of this app asks for them.
      [/tracing: \{ enabled: false, root: noop_span, current: noop_span \},/, ''],
    ],
  },
];

/**
 * Leaves out what the runtime brings for what this app never does, above all for pages that a server draws first: here it sends one page
 * for every address, empty, and the client draws everything. The first page is 2 KB (gzip) lighter.
 */
export function leanClient(): Plugin {
  return {
    name: 'tintype-lean-client',
    apply: 'build',
    enforce: 'pre',
    applyToEnvironment: (environment) => environment.name === 'client',
    transform(code, id) {
      const change = changes.find(({ file }) => file.test(id));
      if (!change) return null;
      let lean = code;
      for (const [from, to] of change.of) {
        const next = lean.replace(from as string, to as string);
        if (next === lean) this.error(`This is written otherwise now: ${from}. See lean-client.ts.`);
        lean = next;
      }
      return { code: lean, map: null };
    },
  };
}
