// @ts-check
// How long a page's main thread has computed, in time of its own: other programs on the machine do not count.

/**
 * Gives a function that tells the milliseconds so far.
 * @param {import("playwright-core").Page} page
 */
export async function computing(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * Number(metrics.find(({ name }) => name === "TaskDuration")?.value);
  };
}
