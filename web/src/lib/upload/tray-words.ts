import { formatCount, formatNumber } from '#lib/format.ts';
import type { Upload } from './queue.ts';

export interface Summary {
  readonly title: string;
  readonly status: string;
  /** 0–1 of all bytes. */
  readonly progress: number;
  readonly failed: number;
  readonly footer: string;
  readonly isOver: boolean;
}

type Counted = Pick<Upload, 'state' | 'size' | 'sent'>;

/**
 * What the tray says about all uploads together.
 *
 * @param bytesPerSecond measured; 0 while unknown.
 * @param arriving how many more were chosen and are still being looked at: until they are in, nothing is over.
 */
export function summarize(
  uploads: readonly Counted[],
  isPaused: boolean,
  bytesPerSecond: number,
  arriving = 0,
): Summary {
  const of = (state: Upload['state']) => uploads.filter((upload) => upload.state === state).length;
  const [done, duplicate, failed, refused] = [of('done'), of('duplicate'), of('failed'), of('refused')];
  const open = of('waiting') + of('sending') + arriving;
  const wanted = uploads.filter(({ state }) => state !== 'refused');
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  const sent = wanted.reduce(
    (sum, { state, size, sent: part }) => sum + (state === 'done' || state === 'duplicate' ? size : part),
    0,
  );
  const isOver = open === 0;

  const notes: string[] = [];
  if (failed > 0) notes.push(`${formatNumber(failed)} failed`);
  if (refused > 0) notes.push(`${formatNumber(refused)} not taken`);
  if (duplicate > 0) notes.push(`${formatNumber(duplicate)} already here`);

  return {
    title: isOver
      ? done > 0
        ? `${formatCount(done, 'photo')} added`
        : 'Nothing new added'
      : `Adding ${formatCount(wanted.length + arriving, 'photo')}`,
    status: isOver
      ? notes.join(', ')
      : `${formatNumber(done + duplicate)} in, ${isPaused ? 'paused' : timeLeft((bytes - sent) / bytesPerSecond)}`,
    progress: bytes > 0 ? Math.min(1, sent / bytes) : 1,
    failed,
    footer: isOver ? '' : [notes.join(', '), 'You can close this tab; the rest will wait.'].filter(Boolean).join('. '),
    isOver,
  };
}

/** `about 3 minutes left`. */
function timeLeft(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'the rest is on its way';
  if (seconds < 10) return 'a few seconds left';
  if (seconds < 50) return `about ${Math.ceil(seconds / 10) * 10} seconds left`;
  const minutes = Math.round(seconds / 60);
  if (minutes <= 1) return 'about a minute left';
  if (minutes < 90) return `about ${minutes} minutes left`;
  return `about ${Math.round(minutes / 60)} hours left`;
}
