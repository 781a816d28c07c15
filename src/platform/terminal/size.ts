const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes as people say them, such as `1.4 GB`; a kB is a thousand. */
export function toSize(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power]}`;
}
