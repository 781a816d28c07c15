/** Chromium ends at 33.5 M px, and at 11 M when the device's pixel ratio is 3; Firefox at 17.9 M. Far below all of them. */
export const MAX_SCROLLER = 8_000_000;

/** How the scroller's own pixels lie on the timeline's: content y = scroll top + base. */
export interface ScrollMap {
  /** Height to give the scroller, px. */
  readonly height: number;
  readonly content: number;
  readonly viewport: number;
  readonly base: number;
}

/**
 * Up to the cap the two are the same. Above it, one pixel of wheel is still one pixel of content, and only `base` is chosen so that
 * the scrollbar stands at the same share of its way as the content; near either end the two meet, so that the end can be reached.
 *
 * @param y content px that shall be at the top edge.
 */
export function mapScroll(content: number, viewport: number, y: number, cap = MAX_SCROLLER): ScrollMap {
  const height = Math.min(content, cap);
  const hidden = Math.max(0, content - height);
  const room = roomAt(viewport);
  const range = Math.max(1, content - viewport - 2 * room);
  const share = Math.min(1, Math.max(0, (y - room) / range));
  return { height, content, viewport, base: Math.round(hidden * share) };
}

/** The scroller's own position for content y. */
export function toScroll(map: ScrollMap, y: number): number {
  return Math.min(Math.max(0, map.height - map.viewport), Math.max(0, y - map.base));
}

export function toContent(map: ScrollMap, scrollTop: number): number {
  return scrollTop + map.base;
}

/**
 * Whether scrolling has come so near to an end of the scroller, while the content goes on, that it must be mapped anew
 * (the same content, another base) before the wheel stops short.
 */
export function needsRemap(map: ScrollMap, scrollTop: number): boolean {
  const near = roomAt(map.viewport) / 2;
  if (scrollTop < near && map.base > 0) return true;
  return map.height - map.viewport - scrollTop < near && map.base < map.content - map.height;
}

function roomAt(viewport: number): number {
  return viewport * 12;
}
