/** The address to go on to after signing in: one of ours, whatever the link said. */
export function nextAddress(url: { searchParams: Pick<URLSearchParams, 'get'>; origin: string }): string {
  const asked = url.searchParams.get('next') ?? '/photos';
  try {
    const target = new URL(asked, url.origin);
    // `//evil.example` and `/\evil.example` parse as other origins.
    if (target.origin === url.origin && asked.startsWith('/')) return target.pathname + target.search;
  } catch {
    // Not an address at all.
  }
  return '/photos';
}
