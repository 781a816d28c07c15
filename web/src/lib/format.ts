/** Numbers, sizes and dates as the interface writes them (English; thousands by a narrow space). */

const NARROW_SPACE = '\u202f';
const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'];
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });

/** `8412` → `8 412`, with a narrow no-break space. */
export function formatNumber(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

/** `formatCount(1, 'photo')` → `1 photo`, `formatCount(8412, 'photo')` → `8 412 photos`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** Bytes in decimal units, as shops and operating systems count them: `38200000000` → `38.2 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** `14 June 2024`. */
export function formatDay(when: string | number | Date): string {
  return day.format(new Date(when));
}
