// @ts-check
// All rows, in groups whose rows share a page.

import { acknowledgements } from "./acknowledgements.mjs";
import { coldStart, size } from "./cold_start.mjs";
import { memory } from "./memory.mjs";
import { publish } from "./publish.mjs";
import { handlers, receive } from "./receive.mjs";
import { roundTrip } from "./round_trip.mjs";
import { smoothness } from "./smoothness.mjs";

/** @type {readonly import("../drive/contest.mjs").Row[][]} */
export const GROUPS = [
  publish,
  receive,
  handlers,
  [acknowledgements],
  roundTrip,
  [smoothness],
  [coldStart, size],
  [memory],
];
