// @ts-check
// The results as bars, drawn by Chromium: a panel for each metric, the longest bar is the largest value.

import { writeFile } from "node:fs/promises";
import { RawChromium } from "../../tests/browser/harness/raw_chromium.mjs";
import { CHOSEN } from "./chosen.mjs";
import { SHOWN } from "./participants.mjs";
import { number } from "./table.mjs";

/** @typedef {import("./results.mjs").Line} Line */

const COLUMNS = 3;
const PANEL = { width: 330, height: 172 };
const NAMES = 84;
const BAR = 130;
const LINE = 20;
const TOP = 46;
const OURS = "#0b6e99";
const FLOOR = "#94a3b8";
const OTHERS = "#d6a35c";

/** @param {string} name */
function colourOf(name) {
  if (name === "webmqtt") return OURS;
  return name === "floor" ? FLOOR : OTHERS;
}

/** @param {Line} line @param {string} title @param {number} nth */
function panel(line, title, nth) {
  const x = (nth % COLUMNS) * PANEL.width + 16;
  const y = Math.floor(nth / COLUMNS) * PANEL.height + 12;
  const medians = SHOWN.map(({ name }) => {
    const cell = line.cells[name];
    return cell && "value" in cell ? cell.value.median : undefined;
  });
  const most = Math.max(...medians.map((median) => median ?? 0), Number.MIN_VALUE);
  const bars = SHOWN.map(({ name, title: who }, at) => {
    const median = medians[at];
    const top = y + TOP + at * LINE;
    const width = median === undefined ? 0 : Math.max(1, (median / most) * BAR);
    const weight = name === "webmqtt" ? ' font-weight="bold"' : "";
    return (
      `<text x="${x + NAMES - 6}" y="${top + 11}" text-anchor="end"${weight}>${who}</text>` +
      `<rect x="${x + NAMES}" y="${top}" width="${width}" height="14" fill="${colourOf(name)}"/>` +
      `<text x="${x + NAMES + width + 5}" y="${top + 11}"${weight}>${median === undefined ? "cannot" : number(median)}</text>`
    );
  });
  return (
    `<text x="${x}" y="${y + 18}" font-weight="bold">${title}</text>` +
    `<text x="${x}" y="${y + 35}" fill="#64748b">${line.unit}, ${line.better} is better</text>${bars.join("")}`
  );
}

/** @param {string} file @param {readonly Line[]} lines @param {string} where they are from */
export async function draw(file, lines, where) {
  const drawn = CHOSEN.flatMap(({ id, caption }) => {
    const line = lines.find((one) => one.id === id);
    return line ? [/** @type {const} */ ([line, caption])] : [];
  });
  const width = COLUMNS * PANEL.width;
  const height = Math.ceil(drawn.length / COLUMNS) * PANEL.height + 40;
  const panels = drawn.map(([line, caption], nth) => panel(line, caption, nth));
  const foot = `<text x="16" y="${height - 14}" fill="#64748b">cargo xtask bench, ${where}</text>`;
  const style =
    "body{margin:0;background:#fff}text{font:12px sans-serif;fill:#0f172a}" +
    "text[font-weight]{font-weight:bold}text[fill]{fill:#64748b}";
  const page = `<style>${style}</style><svg width="${width}" height="${height}">${panels.join("")}${foot}</svg>`;
  const chromium = await RawChromium.start();
  try {
    const tab = await chromium.open("about:blank");
    await tab.evaluate(`document.body.innerHTML = ${JSON.stringify(page)}`);
    const clip = { x: 0, y: 0, width, height, scale: 1 };
    const { data } = await tab.send("Page.captureScreenshot", {
      clip,
      captureBeyondViewport: true,
    });
    await writeFile(file, Buffer.from(data, "base64"));
  } finally {
    await chromium.stop();
  }
}
