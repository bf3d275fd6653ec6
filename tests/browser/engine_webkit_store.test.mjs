// @ts-check
import { runThere } from "./suites/everywhere.mjs";

await runThere("webkit", "window", () => import("./store.test.mjs"));
