// @ts-check
// How large JavaScript's heap is when what is garbage is gone.

/**
 * Bytes of JavaScript's heap, without what is garbage.
 * @param {(method: "HeapProfiler.enable" | "HeapProfiler.collectGarbage" | "Runtime.getHeapUsage") => Promise<any>} send to the page's DevTools
 * @returns {Promise<number>}
 */
export async function heapOf(send) {
  await send("HeapProfiler.enable");
  // The first one finds garbage that finalisers make.
  for (let round = 0; round < 3; round++) await send("HeapProfiler.collectGarbage");
  return (await send("Runtime.getHeapUsage")).usedSize;
}

/** The same of a page that is looked at now and then. @param {import("playwright-core").Page} page */
export async function heapOfPage(page) {
  const session = await page.context().newCDPSession(page);
  try {
    return await heapOf((method) => session.send(method));
  } finally {
    await session.detach();
  }
}
