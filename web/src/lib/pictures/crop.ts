/** A part of a picture, in fractions of its width and height from its upper left corner. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is looked at: the middle of the part, in fractions of the picture, and how many times the least size it is drawn. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export const wholeView: View = { x: 0.5, y: 0.5, zoom: 1 };
export const mostZoom = 6;

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/**
 * The largest part of a ratio that fits a picture, made smaller by the zoom, as far within the picture as its middle would have it be
 * outside.
 * @param picture its width ÷ its height
 * @param ratio that of the part
 */
export function cropOf(picture: number, ratio: number, { x, y, zoom }: View): Crop {
  const width = Math.min(1, ratio / picture) / zoom;
  const height = Math.min(1, picture / ratio) / zoom;
  return {
    x: clamp(x - width / 2, 0, 1 - width),
    y: clamp(y - height / 2, 0, 1 - height),
    width,
    height,
  };
}

/** The same view with its middle where the part really is, so that moving on begins where one sees it. */
export function settle(picture: number, ratio: number, view: View): View {
  const zoom = clamp(view.zoom, 1, mostZoom);
  const crop = cropOf(picture, ratio, { ...view, zoom });
  return { x: crop.x + crop.width / 2, y: crop.y + crop.height / 2, zoom };
}

/**
 * Zooms so that the point under the pointer stays there.
 * @param at where the pointer is in the part: fractions of its width and height
 */
export function zoomAt(picture: number, ratio: number, view: View, zoom: number, at: { x: number; y: number }): View {
  const next = clamp(zoom, 1, mostZoom);
  const before = cropOf(picture, ratio, view);
  const after = cropOf(picture, ratio, { ...view, zoom: next });
  return settle(picture, ratio, {
    x: before.x + before.width * at.x - after.width * (at.x - 0.5),
    y: before.y + before.height * at.y - after.height * (at.y - 0.5),
    zoom: next,
  });
}
