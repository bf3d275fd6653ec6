// @ts-check
// Serves the pages, the participants' bundles and the minimal applications on loopback. The pages are isolated from
// other origins, so that their clocks are as fine as the browser has them.

import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { BUNDLES } from "./bundles.mjs";

const PAGE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "page");

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".wasm", "application/wasm"],
]);

/** @param {string} pathname */
function fileOf(pathname) {
  const words = decodeURIComponent(pathname).split("/").slice(1);
  if (words.includes("..")) return undefined;
  if (words[0] === "peers") return path.join(BUNDLES, ...words);
  if (words[0] === "minimal") {
    return words[2] === "" ? path.join(PAGE, "cold.html") : path.join(BUNDLES, ...words);
  }
  return path.join(PAGE, words[0] || "index.html");
}

export async function serveSite() {
  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
    const file = fileOf(pathname);
    const body = file && (await readFile(file).catch(() => undefined));
    if (!file || body === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": TYPES.get(path.extname(file)) ?? "application/octet-stream",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
    });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(() => resolve(undefined)));
    },
  };
}
