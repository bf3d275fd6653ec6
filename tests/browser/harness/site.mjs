// @ts-check
// Serves the built package and the bench page on loopback, under the Content-Security-Policy that
// the package promises to work with.

import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { removeFolder, temporaryFolder } from "./folders.mjs";
import { Realms } from "./realm.mjs";
import { listen } from "./sockets.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));

/** The package under test; WEBMQTT_PKG names another build of it. */
export const packageDirectory =
  process.env.WEBMQTT_PKG ?? path.resolve(here, "..", "..", "..", "pkg");

const ROOTS = new Map([
  ["pkg", packageDirectory],
  ["page", path.resolve(here, "..", "page")],
]);

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".map", "application/json"],
  [".wasm", "application/wasm"],
]);

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self' ws://127.0.0.1:* ws://broker.invalid:* wss://127.0.0.1:*",
  "worker-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** @param {string} pathname @returns {string | undefined} */
function fileOf(pathname) {
  const [, top, ...rest] = decodeURIComponent(pathname).split("/");
  const root = ROOTS.get(top ?? "");
  if (!root) return undefined;
  const file = path.join(root, ...rest);
  return file.startsWith(root + path.sep) ? file : undefined;
}

/** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
async function answer(request, response) {
  const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
  const file = fileOf(pathname === "/" ? "/page/index.html" : pathname);
  const found = file ? await stat(file).catch(() => undefined) : undefined;
  if (!file || !found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    "content-type": TYPES.get(path.extname(file)) ?? "application/octet-stream",
    "content-length": found.size,
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
  });
  createReadStream(file).pipe(response);
}

/** A throw-away certificate for 127.0.0.1. */
async function makeCertificate() {
  const directory = await temporaryFolder("cert");
  try {
    const key = path.join(directory, "key.pem");
    const cert = path.join(directory, "cert.pem");
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", key, "-out", cert, "-days", "2"];
    await promisify(execFile)("openssl", ["req", "-x509", ...curve, ...subject, ...files]);
    return { key: await readFile(key), cert: await readFile(cert) };
  } finally {
    await removeFolder(directory);
  }
}

/** @param {{ tls?: boolean }} [options] */
export async function serveSite({ tls = false } = {}) {
  const realms = new Realms();
  /** @type {string | undefined} */
  let withheld;
  /** @type {http.RequestListener} */
  const listener = (request, response) => {
    if (withheld && request.url?.endsWith(withheld)) request.socket.destroy();
    else if (!realms.answer(request, response)) void answer(request, response);
  };
  const server = tls
    ? https.createServer(await makeCertificate(), listener)
    : http.createServer(listener);
  realms.listen(server);
  /** Cuts off requests for files with this ending from now on. @param {string | undefined} ending */
  const withhold = (ending) => {
    withheld = ending;
  };
  return { ...(await serve(server)), realms, withhold };
}

/**
 * Serves these texts under their names and the package in `webmqtt/`, without a policy, as a reader of the guide would.
 * @param {Record<string, string | Buffer>} files
 */
export async function serveExample(files) {
  const server = http.createServer(async (request, response) => {
    const name = new URL(request.url ?? "/", "http://127.0.0.1").pathname.slice(1);
    const file = path.join(packageDirectory, name.replace(/^webmqtt\//, ""));
    const body = files[name] ?? (await readFile(file).catch(() => undefined));
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": TYPES.get(path.extname(name)) ?? "text/plain",
    });
    response.end(body);
  });
  return serve(server);
}

/**
 * @param {http.Server | https.Server} server
 * @returns {Promise<{ origin: string, close(): Promise<void> }>}
 */
async function serve(server) {
  const { port, close } = await listen(server);
  const scheme = server instanceof https.Server ? "https" : "http";
  return { origin: `${scheme}://127.0.0.1:${port}`, close };
}
