/** Numbers, times and sizes as people read them. Pure. */

import { t } from "./language.js";

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 3, useGrouping: true });
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

const pad = (value: number, length = 2): string => String(value).padStart(length, "0");

/** 12,345 */
export function count(value: number): string {
  return grouped.format(value);
}

/** 12,345 as 12.3K */
export function brief(value: number): string {
  return compact.format(value);
}

/** A rate with as many digits as mean something: 0, 0.4, 12, 5,012. */
export function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : grouped.format(perSecond);
}

/** A measured value in full, without the noise of binary fractions. */
export function value(number: number): string {
  const size = Math.abs(number);
  if (size !== 0 && (size < 0.001 || size >= 1e12)) {
    return number.toExponential(3);
  }
  return plain.format(number);
}

/** A value short enough for an axis: 1.2K. */
export function axis(number: number): string {
  const size = Math.abs(number);
  if (size !== 0 && (size < 0.001 || size >= 1e15)) {
    return number.toExponential(0);
  }
  return size >= 10_000 ? compact.format(number) : String(Number(number.toPrecision(6)));
}

/** 14:03:59 */
export function clock(milliseconds: number): string {
  const date = new Date(milliseconds);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** 14:03:59.027 */
export function clockExact(milliseconds: number): string {
  return `${clock(milliseconds)}.${pad(Math.floor(milliseconds) % 1000, 3)}`;
}

/** 512 bytes, 1.5 KB, 2.0 MB */
export function bytes(size: number): string {
  if (size < 1024) {
    return size === 1 ? t("1 byte") : t("{count} bytes", { count: size });
  }
  const kilobytes = size / 1024;
  return kilobytes < 1024 ? `${kilobytes.toFixed(1)} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}

/** 3.2 ms, 120 ms, 2.4 s */
export function duration(milliseconds: number): string {
  if (milliseconds < 10) {
    return `${milliseconds.toFixed(1)} ms`;
  }
  return milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** 12 s, 3 min 5 s, 2 h 10 min */
export function lasting(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) {
    return `${seconds} s`;
  }
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
