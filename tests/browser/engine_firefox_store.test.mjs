// @ts-check
import { runThere } from "./suites/everywhere.mjs";

await runThere("firefox", "window", () => import("./store.test.mjs"));
