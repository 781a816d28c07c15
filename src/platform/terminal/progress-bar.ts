/** Told after each file. */
export type Progress = (state: {
  readonly done: number;
  readonly of: number;
  /** Copied so far, where bytes are copied. */
  readonly bytes?: number;
}) => void;

const everyMs = 200;
const width = 24;

/** A bar on a terminal, drawn some times a second; where nobody looks, nothing. */
export function createProgressBar(stream: NodeJS.WriteStream, what: string): { update: Progress; end(): void } {
  const begun = performance.now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isDrawn = false;

  return {
    update({ done, of, bytes }) {
      const now = performance.now();
      if (!stream.isTTY || (now - drawnAt < everyMs && done < of)) return;
      drawnAt = now;
      isDrawn = true;
      const filled = of === 0 ? width : Math.round((width * done) / of);
      const seconds = Math.max(0.001, (now - begun) / 1000);
      const copied = bytes === undefined ? '' : `, ${toSize(bytes)}, ${toSize(bytes / seconds)}/s`;
      const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
      stream.write(`\r\u001b[K${what} ${bar} ${done} of ${of} files${copied}`);
    },
    end() {
      if (isDrawn) stream.write('\r\u001b[K');
    },
  };
}

/** `1.2 GB`, in powers of ten as disks are sold. */
export function toSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
