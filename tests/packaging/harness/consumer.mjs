// @ts-check
// A folder of somebody who uses the package: what `npm pack` makes is installed in it, and the samples lie beside it.

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { removeFolder, temporaryFolder } from "../../browser/harness/folders.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "..", "..", "..");
const run = promisify(execFile);

/** What a program prints. @param {string[]} command @param {string} cwd */
export async function output([program = "", ...args], cwd) {
  try {
    const { stdout } = await run(program, args, { cwd, maxBuffer: 1 << 26 });
    return stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = /** @type {{ stdout?: string, stderr?: string }} */ (
      error
    );
    throw new Error(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`);
  }
}

export class Consumer {
  folder;
  tarball;

  /** @param {string} folder @param {string} tarball */
  constructor(folder, tarball) {
    this.folder = folder;
    this.tarball = tarball;
  }

  static async install() {
    const folder = await temporaryFolder("consumer");
    const packed = await output(
      ["npm", "pack", path.join(root, "pkg"), "--json", "--pack-destination", folder],
      folder,
    );
    const tarball = path.join(folder, /webmqtt-[\w.-]+\.tgz/.exec(packed)?.[0] ?? "");
    await writeFile(path.join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
    // Nothing else is needed, so there is nobody to ask.
    await output(["npm", "install", "--offline", "--no-audit", "--no-fund", tarball], folder);
    await cp(path.join(here, "..", "samples"), folder, { recursive: true });
    return new Consumer(folder, tarball);
  }

  /** @param {string[]} names */
  path(...names) {
    return path.join(this.folder, ...names);
  }

  /** A file of the installed package. @param {string} name */
  packaged(name) {
    return this.path("node_modules", "webmqtt", name);
  }

  /** What the bundlers that copy no files leave to the application. @param {string} sample */
  async copyModule(sample) {
    await cp(this.packaged("dist/webmqtt_bg.wasm"), this.path(sample, "out", "webmqtt_bg.wasm"));
  }

  /** A page for a bundle, where the sample has none. @param {string} sample */
  async page(sample) {
    const folder = this.path(sample, "out");
    await mkdir(folder, { recursive: true });
    const html = await readFile(path.join(here, "..", "samples", "page", "bundled.html"));
    await writeFile(path.join(folder, "index.html"), html);
  }

  async remove() {
    await removeFolder(this.folder);
  }
}
