/**
 * Runs a test program that was compiled to WebAssembly with WASI, for cargo as its runner.
 *
 * The program reads files with the paths that were compiled in, so it sees the machine's folders as they are.
 */

import { readFile } from "node:fs/promises";
import { setFlagsFromString } from "node:v8";
import { WASI } from "node:wasi";

// The short cut that V8 takes into WASI's functions corrupts memory in Node.js 20 when the program's memory grows.
setFlagsFromString("--no-turbo-fast-api-calls");

const [file, ...args] = process.argv.slice(2);
const wasi = new WASI({
  version: "preview1",
  args: [file, ...args],
  env: process.env,
  preopens: { "/": "/" },
  returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(file));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
process.exitCode = wasi.start(instance);
