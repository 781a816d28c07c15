/** How a photo lies on the stage: `scale` 1 fits it in; `x`, `y` move its centre from the stage's, px. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const fitted: View = { scale: 1, x: 0, y: 0 };

/** Size at scale 1: as large as the stage allows, never larger than the photo's own pixels. */
export function fit(photo: Size, stage: Size): Size {
  const share = Math.min(stage.width / photo.width, stage.height / photo.height, 1);
  return { width: photo.width * share, height: photo.height * share };
}

/** The largest scale: twice the photo's own pixels, and at least 3 so that small ones can be looked into too. */
export function maxScale(photo: Size, stage: Size, pixelRatio = 1): number {
  const base = fit(photo, stage);
  return Math.max(3, (photo.width / base.width / pixelRatio) * 2);
}

/**
 * Zooms by a factor and keeps the point under the pointer where it is.
 *
 * @param point px from the stage's centre.
 */
export function zoomAt(view: View, factor: number, point: { x: number; y: number }, photo: Size, stage: Size): View {
  const scale = Math.min(maxScale(photo, stage), Math.max(1, view.scale * factor));
  if (scale === 1) return fitted;
  const ratio = scale / view.scale;
  return clampPan(
    { scale, x: point.x - (point.x - view.x) * ratio, y: point.y - (point.y - view.y) * ratio },
    photo,
    stage,
  );
}

/** Keeps the photo over the stage: an edge may come to the stage's edge, no further; a side that fits stays centred. */
export function clampPan(view: View, photo: Size, stage: Size): View {
  const base = fit(photo, stage);
  const roomX = Math.max(0, (base.width * view.scale - stage.width) / 2);
  const roomY = Math.max(0, (base.height * view.scale - stage.height) / 2);
  return {
    scale: view.scale,
    x: Math.min(roomX, Math.max(-roomX, view.x)),
    y: Math.min(roomY, Math.max(-roomY, view.y)),
  };
}

/** Whether the preview (2048 px on its long side) has fewer pixels than the screen shows, so that the original is wanted. */
export function needsOriginal(view: View, photo: Size, stage: Size, pixelRatio: number, preview = 2048): boolean {
  const long = Math.max(photo.width, photo.height);
  if (long <= preview) return false;
  const base = fit(photo, stage);
  return Math.max(base.width, base.height) * view.scale * pixelRatio > preview * 1.05;
}
