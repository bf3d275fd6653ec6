// @ts-check
// The samples of a soak as a table for other programs, and as a picture that Chromium draws.

/**
 * @typedef {object} Sample
 * @property {number} seconds since the beginning
 * @property {number} heap bytes of JavaScript, after a collection
 * @property {number} wasm bytes of the module's memory
 * @property {number} published by the page, and settled
 * @property {number} arrived of them at the broker's other client
 * @property {number} received by the page
 * @property {number} connections
 * @property {number} faults
 * @property {number} subscriptions that came and went
 * @property {number} answers to requests
 * @property {number} inFlight
 * @property {number} queued
 */

/** @param {Sample[]} samples */
export function csv(samples) {
  const names = /** @type {(keyof Sample)[]} */ (Object.keys(samples[0] ?? {}));
  const lines = samples.map((sample) => names.map((name) => sample[name]).join(","));
  return `${[names.join(","), ...lines].join("\n")}\n`;
}

const WIDTH = 900;
const HEIGHT = 170;
const LEFT = 70;
const RIGHT = 40;
const TOP = 30;
const COLOURS = ["#0b6e99", "#c2410c", "#4d7c0f"];

/** @typedef {{ title: string, lines: [string, (sample: Sample, before: Sample) => number][] }} Panel */

/** @type {Panel[]} */
const PANELS = [
  {
    title: "memory after a collection, MB",
    lines: [
      ["JavaScript heap", ({ heap }) => heap / 1e6],
      ["module", ({ wasm }) => wasm / 1e6],
    ],
  },
  {
    title: "messages per second",
    lines: [
      ["arrived from the page", (now, before) => rate(now, before, "arrived")],
      ["received by the page", (now, before) => rate(now, before, "received")],
    ],
  },
  {
    title: "since the beginning",
    lines: [
      ["faults", ({ faults }) => faults],
      ["connections", ({ connections }) => connections],
      ["subscriptions", ({ subscriptions }) => subscriptions],
    ],
  },
  {
    title: "messages that wait",
    lines: [
      ["in flight", ({ inFlight }) => inFlight],
      ["queued", ({ queued }) => queued],
    ],
  },
];

/** @param {Sample} now @param {Sample} before @param {"arrived" | "received"} what */
function rate(now, before, what) {
  return (now[what] - before[what]) / Math.max(1, now.seconds - before.seconds);
}

/** @param {Panel} panel @param {Sample[]} samples @param {number} top */
function drawn({ title, lines }, samples, top) {
  const longest = Math.max(1, samples.at(-1)?.seconds ?? 1);
  const values = lines.map(([, value]) =>
    samples.map((sample, at) => value(sample, samples[at - 1] ?? sample)),
  );
  const most = Math.max(1e-9, ...values.flat()) * 1.1;
  const [width, height] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - 30];
  const y = (/** @type {number} */ value) => top + TOP + height - (value / most) * height;
  const x = (/** @type {number} */ seconds) => LEFT + (seconds / longest) * width;
  const digits = most < 20 ? 1 : 0;
  const grid = [0, 0.5, 1].map((part) => {
    const value = (most / 1.1) * part;
    return (
      `<path d="M${LEFT} ${y(value)}h${width}" stroke="#ddd"/>` +
      `<text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${value.toFixed(digits)}</text>`
    );
  });
  const minutes = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<text x="${x(longest * part)}" y="${top + TOP + height + 18}" text-anchor="middle">` +
      `${((longest * part) / 60).toFixed(1)} min</text>`,
  );
  const curves = values.map((line, nth) => {
    const points = line.map((value, at) => `${x(samples[at]?.seconds ?? 0)},${y(value)}`);
    const label = `<text x="${LEFT + 230 + nth * 190}" y="${top + 18}" fill="${COLOURS[nth]}">— ${lines[nth]?.[0]}</text>`;
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${COLOURS[nth]}" stroke-width="1.5"/>${label}`;
  });
  const head = `<text x="${LEFT}" y="${top + 18}" font-weight="bold">${title}</text>`;
  return [head, ...grid, ...minutes, ...curves].join("");
}

/** @param {import("playwright-core").Page} page an empty one @param {Sample[]} samples @param {string} file */
export async function plot(page, samples, file) {
  const height = PANELS.length * HEIGHT + 10;
  const panels = PANELS.map((panel, nth) => drawn(panel, samples, nth * HEIGHT));
  await page.setViewportSize({ width: WIDTH, height });
  await page.setContent(
    `<style>body{margin:0;background:#fff}text{font:12px sans-serif}</style>` +
      `<svg width="${WIDTH}" height="${height}">${panels.join("")}</svg>`,
  );
  await page.screenshot({ path: file });
}
