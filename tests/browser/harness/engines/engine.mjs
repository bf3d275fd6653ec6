// @ts-check
// The engine and the place that the tests of this process run in. It is Chromium's window, driven by Playwright, unless
// a file `engine_….test.mjs` says something else before it loads them.

import { RawChromium } from "../raw_chromium.mjs";
import { Firefox } from "./firefox.mjs";
import { WebKit } from "./webkit.mjs";

/** @typedef {{ evaluate(expression: string): Promise<any>, goto(url: string): Promise<void>, show?(): Promise<void>, close(): Promise<void> }} Tab */
/** @typedef {{ open(url: string): Promise<Tab>, stop(): Promise<void> }} Browser */
/** @typedef {"window" | "worker" | "shared worker"} Place */

/** @type {Place[]} */
const EVERYWHERE = ["window", "worker", "shared worker"];

/**
 * @typedef {object} Facts where engines differ; each was seen on the engine itself
 * @property {boolean} opensWithoutSubprotocol a WebSocket opens although the server selected none of the subprotocols
 *   that were offered, against the standard
 * @property {boolean} trustsLoopback a page from https: may open ws: to 127.0.0.1
 * @property {boolean} keepsPagesWithSockets the back/forward cache takes pages that have a WebSocket open
 * @property {boolean} hidesTabs a tab behind another one is hidden, as far as the tests can have one
 * @property {Place[]} hearsOfViolations where a broken Content-Security-Policy is told of by an event
 */

export const ENGINES = {
  chromium: {
    title: "Chromium",
    facts: {
      opensWithoutSubprotocol: false,
      keepsPagesWithSockets: true,
      hidesTabs: true,
      trustsLoopback: true,
      hearsOfViolations: EVERYWHERE,
    },
    /** @returns {Promise<Browser>} */
    start: () => RawChromium.start(["--ignore-certificate-errors"]),
  },
  firefox: {
    title: "Firefox",
    facts: {
      opensWithoutSubprotocol: true,
      keepsPagesWithSockets: false,
      hidesTabs: true,
      trustsLoopback: true,
      hearsOfViolations: EVERYWHERE,
    },
    /** @returns {Promise<Browser>} */
    start: () => Firefox.start(),
  },
  webkit: {
    title: "WebKit",
    facts: {
      opensWithoutSubprotocol: true,
      keepsPagesWithSockets: true,
      hidesTabs: false,
      trustsLoopback: false,
      /** @type {Place[]} */
      hearsOfViolations: ["window"],
    },
    /** @returns {Promise<Browser>} */
    start: () => WebKit.start(),
  },
};

/** @typedef {keyof typeof ENGINES} EngineName */

/** @typedef {{ engine: EngineName, place: Place, browser: () => Browser }} Choice */

/** @type {Choice | undefined} */
let chosen;

/**
 * For all tests that are loaded from now on.
 * @param {EngineName} engine @param {Place} place
 * @param {() => Browser} browser that has been started when the tests run
 */
export function runIn(engine, place, browser) {
  chosen = { engine, place, browser };
}

/** Undefined for Playwright's Chromium. */
export function choice() {
  return chosen;
}

/** The title of a group of tests, with where they run if that is not the usual place. @param {string} title */
export function titled(title) {
  return chosen ? `${ENGINES[chosen.engine].title}, ${chosen.place}: ${title}` : title;
}

/** How the engine of this process behaves, and the place in it. @returns {Facts & { place: Place }} */
export function facts() {
  const { engine, place } = chosen ?? { engine: "chromium", place: "window" };
  return { ...ENGINES[engine].facts, place };
}
