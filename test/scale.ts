/**
 * How often a long loop runs: `small` in `npm test`, `full` where there is time (TINTYPE_TEST_SCALE=full, as
 * `npm run promises` sets).
 */
export function scale(small: number, full: number): number {
  return process.env.TINTYPE_TEST_SCALE === 'full' ? full : small;
}
