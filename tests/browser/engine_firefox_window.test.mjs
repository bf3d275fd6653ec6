// @ts-check
import { everywhere } from "./suites/everywhere.mjs";

await everywhere("firefox", "window");
