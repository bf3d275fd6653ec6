// @ts-check
// What a page has put into its databases.

/**
 * Waits until everything that the page's clients have put there so far is written: a reader waits for the writers before
 * it, and once more for what had gathered behind those.
 * @param {import("playwright-core").Page} page
 */
export function untilWritten(page) {
  return page.evaluate(async () => {
    /** @param {IDBRequest} request */
    const done = (request) =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    for (const { name } of await indexedDB.databases()) {
      const db = await done(indexedDB.open(String(name)));
      for (const _ of [1, 2]) await done(db.transaction("records").objectStore("records").count());
      db.close();
    }
  });
}
