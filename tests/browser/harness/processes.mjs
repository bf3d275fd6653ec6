// @ts-check
// Processes that must not outlive us.

/**
 * Ends a process with this one, also when that falls over or is told to go.
 * @param {import("node:child_process").ChildProcess} child
 */
export function endWithUs(child) {
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
}
