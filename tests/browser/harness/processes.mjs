// @ts-check
// Processes that must not outlive us.

import { readdir, readFile } from "node:fs/promises";

/** For an end in good order. */
const END_PATIENCE = 20_000;

/**
 * Ends a process with this one, also when that falls over or is told to go.
 * @param {import("node:child_process").ChildProcess} child
 */
export function endWithUs(child) {
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
}

/** @param {import("node:child_process").ChildProcess} child */
export function isRunning({ pid, exitCode, signalCode }) {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/**
 * Waits for the end of a process that was asked for it, and kills one that does not come to it.
 * @param {import("node:child_process").ChildProcess} child @param {() => unknown} [ask]
 */
export async function untilEnded(child, ask = () => child.kill()) {
  if (!isRunning(child)) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const kill = setTimeout(() => child.kill("SIGKILL"), END_PATIENCE);
  await Promise.race([ask(), ended]);
  await ended;
  clearTimeout(kill);
}

/**
 * Waits until `close` has closed a browser, and kills one that hangs, by what only its processes have in their arguments.
 * @param {() => Promise<unknown>} close @param {string} profile
 */
export async function untilClosed(close, profile) {
  const kill = setTimeout(async () => {
    for (const entry of await readdir("/proc")) {
      const command = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
      if (Number(entry) !== process.pid && command.includes(`=${profile}`)) {
        process.kill(Number(entry), "SIGKILL");
      }
    }
  }, END_PATIENCE);
  try {
    await close();
  } finally {
    clearTimeout(kill);
  }
}
