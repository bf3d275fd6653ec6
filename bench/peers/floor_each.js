// @ts-check
// The floor of those who send each packet in a WebSocket message of its own.

import { floor } from "../page/floor.js";

export const tasks = floor(false);
