// @ts-check
// Runs the project's task runner as a server: in a process group of its own, so that a test can kill
// everything it started, and ready when it prints a line that begins with `READY`.

import { execFile, spawn } from "node:child_process";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Arrivals } from "./arrivals.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const xtask = process.env.WEBMQTT_XTASK ?? path.join(root, "target", "debug", "xtask");
/** Longer than it waits itself for an orderly end. */
const STOP_PATIENCE = 100_000;

/** What `xtask` prints for these arguments. @param {string[]} args */
export async function askXtask(args) {
  const { stdout } = await promisify(execFile)(xtask, args);
  return stdout;
}

export class XtaskServer {
  /** The words behind `READY`. @type {string[]} */
  ready = [];
  #args;
  #process;
  #output = "";
  #said = "";
  /** Tells that there is more output, or none any more. @type {Arrivals<never>} */
  #news = new Arrivals();

  /** @param {string[]} args */
  constructor(args) {
    this.#args = args.join(" ");
    this.#process = spawn(xtask, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.#process.stdin.on("error", () => {});
    // A test that failed in between and left it running does not keep the others waiting for its end.
    const { stdin, stdout, stderr } = this.#process;
    this.#process.unref();
    for (const pipe of [stdin, stdout, stderr]) {
      if (pipe instanceof net.Socket) pipe.unref();
    }
  }

  /**
   * @param {string[]} args
   * @param {number} patience milliseconds until it has to be ready
   */
  static async start(args, patience) {
    const server = new XtaskServer(args);
    try {
      server.ready = await server.#untilReady(patience);
    } catch (error) {
      await server.kill();
      throw error;
    }
    return server;
  }

  /** @param {number} patience */
  async #untilReady(patience) {
    const child = this.#process;
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      this.#said += text;
      for (const line of text.split("\n"))
        if (line.includes("started again: ")) console.error(line);
      this.#news.changed();
    });
    child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      this.#output = (this.#output + text).slice(-4096);
    });
    child.on("error", (error) => {
      this.#output += String(error);
    });
    child.on("close", () => this.#news.changed());
    const line = await this.#line("READY ", 0, patience);
    return line.trim().split(" ").slice(1);
  }

  /** The first line behind a place that begins so. @param {string} start @param {number} from @param {number} patience */
  #line(start, from, patience) {
    return this.#news.until(
      () => {
        const lines = this.#said.slice(from).split("\n");
        const found = lines.find((text) => text.startsWith(start));
        if (!found && !this.isRunning) {
          throw new Error(`\`xtask ${this.#args}\` ended: ${this.#output}`);
        }
        return found;
      },
      () => `${start.trim()} from \`xtask ${this.#args}\`, it said: ${this.#said}${this.#output}`,
      patience,
    );
  }

  /** Tells it something and waits for the answer. @param {string} line @param {string} answer @param {number} patience */
  async tell(line, answer, patience) {
    const from = this.#said.length;
    this.#process.stdin.write(`${line}\n`);
    await this.#line(answer, from, patience);
  }

  /** @param {() => void} signal */
  async #endedAfter(signal) {
    const child = this.#process;
    if (!this.isRunning) return;
    const ended = new Promise((resolve, reject) => {
      const late = () => reject(new Error(`\`xtask ${this.#args}\` did not end: ${this.#output}`));
      const patience = setTimeout(late, STOP_PATIENCE);
      child.once("exit", () => {
        clearTimeout(patience);
        resolve(undefined);
      });
    });
    signal();
    await ended;
  }

  get isRunning() {
    const { pid, exitCode, signalCode } = this.#process;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Ends the whole process group at once, as a power failure would. */
  async kill() {
    await this.#endedAfter(() => process.kill(-Number(this.#process.pid), "SIGKILL"));
  }

  /** Ends it in good order. */
  async stop() {
    await this.#endedAfter(() => this.#process.kill("SIGTERM"));
  }
}
