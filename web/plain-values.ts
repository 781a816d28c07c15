/**
 * Stands in for `devalue` in the browser: SvelteKit writes `page.state` with it, and answers of server-side `load` and form actions, of
 * which this app has none. Its states are plain JSON, so JSON does, and the first page is 6 KB (gzip) lighter.
 */
export const stringify = (value: unknown): string => JSON.stringify(value);
export const parse = (text: string): unknown => JSON.parse(text);

function refuse(): never {
  throw new Error('This needs devalue: take it out of plain-values.ts in vite.config.ts.');
}
export const uneval = refuse;
export const unflatten = refuse;
export const stringifyAsync = refuse;
