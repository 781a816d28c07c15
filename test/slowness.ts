/**
 * How many times longer a time-out is here: nothing is held against a clock, they are for what hangs, and a machine of CI's may be a
 * busy one.
 */
export const slowness = process.env.TINTYPE_TEST_SCALE === 'full' ? 20 : process.env.CI ? 5 : 1;

/** Milliseconds until what has not come by itself is taken for lost. A second, as it would be, is over sooner on a busy machine. */
export const patienceMs = 15_000 * Math.min(slowness, 5);
