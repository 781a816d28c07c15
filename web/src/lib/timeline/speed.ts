/** Above this, pictures would only be asked for to be thrown away: px per ms. */
const FAST = 8;
/** No scroll event for this long means that the page stands still, ms. */
const STILL = 120;
/**
 * Once fast, it stays so until slow events have come for this long, ms: where months arrive in mid-flight, the page is set right against
 * the movement, and one event tells of hardly any. How long ago it was fast says nothing: on a busy page a single frame takes longer.
 */
const SLOW = 60;

/**
 * Watches how fast the page scrolls. One large jump (Home, the scrubber) counts as fast until it has stood still for a moment.
 *
 * @param onFast told when the speed passes 8 px/ms, and when it is below again.
 * @param onMoving told when scrolling begins and when it has ended.
 */
export function createSpeedometer(
  onFast: (fast: boolean) => void,
  onMoving: (moving: boolean) => void,
  now: () => number = () => performance.now(),
  nextFrame: (run: () => void) => number = requestAnimationFrame,
) {
  let position = 0;
  let at = Number.NEGATIVE_INFINITY;
  let isMoving = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let rests = 0;
  /** When the first slow event came since it was fast; null while it is. */
  let slowSince: number | null = Number.NEGATIVE_INFINITY;

  return {
    /** @param y where the page is now, px. */
    moved(y: number): void {
      const time = now();
      const elapsed = Math.min(time - at, STILL);
      const speed = Math.abs(y - position) / Math.max(1, elapsed);
      // The first event after a rest tells of a move whose beginning nobody saw: a frame is a fair guess.
      const isFast = isMoving ? speed > FAST : Math.abs(y - position) / 16 > FAST * 4;
      slowSince = isFast ? null : (slowSince ?? time);
      onFast(slowSince === null || (isMoving && time - slowSince < SLOW));
      position = y;
      at = time;
      if (!isMoving) onMoving(true);
      isMoving = true;
      clearTimeout(timer);
      const rest = ++rests;
      // A busy page delivers its scroll events late: only when the next frame brings none does it really stand still.
      timer = setTimeout(() => {
        nextFrame(() => {
          if (rest !== rests) return;
          isMoving = false;
          slowSince = Number.NEGATIVE_INFINITY;
          onFast(false);
          onMoving(false);
        });
      }, STILL);
    },
    stop(): void {
      rests++;
      clearTimeout(timer);
    },
  };
}
