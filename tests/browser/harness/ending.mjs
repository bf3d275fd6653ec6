// @ts-check
// The end of whatever was started: one thing that cannot be ended does not keep the others from it.

/** In this order. What cannot be ended is told on standard error. @param {(() => unknown)[]} ends */
export async function endAll(ends) {
  for (const end of ends) {
    const [ended] = await Promise.allSettled([(async () => end())()]);
    if (ended?.status === "rejected") console.error("could not be ended:", ended.reason);
  }
}
