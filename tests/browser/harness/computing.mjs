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

/**
 * How long a page's main thread computes for what is always the same, in milliseconds: what a machine can do, as it is busy
 * with other things.
 * @param {import("playwright-core").Page} page @param {() => Promise<number>} computed of `computing`
 */
export async function computingForComparison(page, computed) {
  const before = await computed();
  await page.evaluate(() => {
    const last = new Map();
    for (let number = 0; number < 200_000; number += 1) {
      const { text } = JSON.parse(`{"text":"message ${number}"}`);
      last.set(`topic/${number % 1_000}`, new TextEncoder().encode(text));
    }
    return last.size;
  });
  return (await computed()) - before;
}
