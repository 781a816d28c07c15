const NAME = 'photo';

/**
 * Lets one picture grow from its tile into the opened photo and back (a view transition of the picture alone). What it returns makes
 * the navigation wait until the old page has been caught; nothing when the browser cannot, or motion is unwanted.
 *
 * @param complete resolves when the new page is there.
 * @param before the tile's picture on the old page, if that is where it starts.
 * @param after the tile's picture on the new page, if that is where it ends.
 */
export function shareElement(
  complete: Promise<unknown>,
  before: () => HTMLElement | null,
  after: () => HTMLElement | null,
): Promise<void> | undefined {
  if (!document.startViewTransition || matchMedia('(prefers-reduced-motion: reduce)').matches) return undefined;
  const source = before();
  if (source) source.style.viewTransitionName = NAME;
  return new Promise((resolve) => {
    let target: HTMLElement | null = null;
    const transition = document.startViewTransition(async () => {
      if (source) source.style.viewTransitionName = '';
      resolve();
      await complete.catch(() => {});
      target = after();
      if (target) target.style.viewTransitionName = NAME;
    });
    // A transition that is overtaken by the next one is no error.
    transition.ready.catch(() => {});
    transition.finished
      .catch(() => {})
      .finally(() => {
        if (target) target.style.viewTransitionName = '';
      });
  });
}
