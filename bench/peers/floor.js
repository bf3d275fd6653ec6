// @ts-check
// The floor: nothing but a WebSocket, many packets in each of its messages.

import { floor } from "../page/floor.js";

export const tasks = floor(true);
