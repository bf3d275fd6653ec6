// @ts-check
// Ports on loopback.

import { askXtask } from "./xtask.mjs";

/**
 * One for a server that starts later, or comes back to the same port: nobody else gets it meanwhile, be it a client of
 * somebody's or another test.
 */
export async function freePort() {
  return Number(await askXtask(["port"]));
}
