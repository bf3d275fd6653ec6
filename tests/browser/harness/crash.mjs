// @ts-check
// A page whose process is gone from one moment to the next, whatever it was doing. Of Chromium only.

/**
 * Gives what ends the page's renderer, within a script that runs, too: nobody can ask for that when it does. That gives
 * when the end was noticed.
 * @param {import("playwright-core").Page} page
 */
export async function crasher(page) {
  const session = await page.context().newCDPSession(page);
  const crashed = new Promise((resolve) => page.once("crash", resolve));
  return async () => {
    // There is nobody left to answer.
    session.send("Page.crash").catch(() => {});
    await crashed;
    const at = performance.now();
    await page.close();
    return at;
  };
}
