// @ts-check
// From navigation to CONNACK: the minimal application in a page that has never been loaded.

import { sizeOfMinimal } from "../drive/bundles.mjs";

const CONNECTED = `new Promise((resolve, reject) => {
  (function look() {
    const [mark] = performance.getEntriesByName("connected");
    if (mark) resolve(mark.startTime);
    else if (performance.now() > 30000) reject(new Error("no CONNACK in 30 s"));
    else setTimeout(look, 5);
  })();
})`;

/** @type {import("../drive/contest.mjs").Row} */
export const coldStart = {
  id: "cold-start",
  pageless: true,
  metrics: [{ id: "cold-start", title: "navigation to CONNACK", unit: "ms", better: "less" }],
  async measure({ browser, site, broker }, { name }) {
    if (!(await sizeOfMinimal(name))) throw new Error("the other floor is the same here");
    const tab = await browser.open(`${site}/minimal/${name}/#${broker}`);
    try {
      return { "cold-start": await tab.evaluate(CONNECTED) };
    } finally {
      await tab.close();
    }
  },
};

/** @type {import("../drive/contest.mjs").Row} */
export const size = {
  id: "size",
  pageless: true,
  rounds: 1,
  metrics: [
    { id: "size-gzip", title: "minimal application, gzip", unit: "bytes", better: "less" },
    { id: "size-brotli", title: "minimal application, brotli", unit: "bytes", better: "less" },
  ],
  async measure(_setting, { name }) {
    const size = await sizeOfMinimal(name);
    if (!size) throw new Error("the other floor is the same here");
    return { "size-gzip": size.gzip, "size-brotli": size.brotli };
  },
};
