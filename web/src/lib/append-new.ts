/** What is known, and after it what of the others is not; in their order. */
export function appendNew<T>(known: readonly T[], others: readonly T[], idOf: (item: T) => string): T[] {
  const ids = new Set(known.map(idOf));
  return [...known, ...others.filter((item) => !ids.has(idOf(item)))];
}
