import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** `x.svg?icon` is the drawing inside the `<svg>` element, so that no icon carries a wrapper of its own into the bundle. */
export function icons(): Plugin {
  return {
    name: 'tintype-icons',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith('.svg?icon')) return null;
      const svg = readFileSync(id.slice(0, -'?icon'.length), 'utf8');
      return `export default ${JSON.stringify(svg.replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, ''))}`;
    },
  };
}
