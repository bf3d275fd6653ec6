// @ts-check
// How long something may take. Nobody waits for these to pass: they bound how long a test takes that fails, and are long
// enough for a machine that is several times as slow as the one that it was written on.

/**
 * For what has to arrive. A client that says nothing finds a lost connection with its first ping, 45 seconds after the
 * last packet: by then a test has failed whose client should have known.
 */
export const ARRIVAL = 40_000;

/** For one try to start a program of others. */
export const LAUNCH = 90_000;

/** For everything that a group of tests starts: a program may need several tries. */
export const START = 600_000;

/** For its end. */
export const END = 200_000;

/** For a test that waits for what has to arrive, several times. */
export const TEST = 180_000;
