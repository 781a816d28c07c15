import { toSize } from './size.ts';

export interface Progress {
  readonly done: number;
  readonly of: number;
  readonly bytes?: number;
}

const redrawMs = 200;
const columns = 30;

/**
 * Shows how far something is: a bar that is drawn over itself in a terminal, a line every ten seconds elsewhere, so that a log tells it too.
 * @param label what is counted, such as "blobs moved"
 */
export function createProgress(label: string, stream: NodeJS.WriteStream = process.stderr) {
  const started = performance.now();
  let last = Number.NEGATIVE_INFINITY;

  const show = ({ done, of, bytes }: Progress, now: number): void => {
    const seconds = (now - started) / 1000;
    const rate = bytes === undefined || seconds === 0 ? '' : `, ${toSize(bytes)} at ${toSize(bytes / seconds)}/s`;
    const text = `${done} of ${of} ${label}${rate}`;
    if (!stream.isTTY) {
      stream.write(`${text}\n`);
      return;
    }
    const full = of === 0 ? columns : Math.round((done / of) * columns);
    stream.write(`\r\x1b[K[${'='.repeat(full)}${' '.repeat(columns - full)}] ${text}`);
  };

  return {
    update(progress: Progress): void {
      const now = performance.now();
      if (now - last < (stream.isTTY ? redrawMs : 10_000)) return;
      last = now;
      show(progress, now);
    },
    /** Leaves the line to what is said next. */
    end(): void {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
