/** One line of an `OptionList`. */
export interface Option {
  readonly key: string;
  readonly label: string;
  readonly note?: string;
  readonly count?: number;
  readonly icon?: string;
}

/** Where an arrow key leads in a list of `count`: past the ends stands the field itself, as -1. Undefined for other keys. */
export function moveActive(key: string, active: number, count: number): number | undefined {
  if (key === 'ArrowDown') return active + 1 >= count ? -1 : active + 1;
  if (key === 'ArrowUp') return active < 0 ? count - 1 : active - 1;
  return undefined;
}
