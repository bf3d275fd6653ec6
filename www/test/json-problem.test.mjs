// Where a text stops being JSON, against what the engine itself takes for JSON.

import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonProblem } from "../src/json-problem.ts";

const GOOD = [
  "0",
  " -1.50e+3 ",
  '"a\\u00e9\\n"',
  "[]",
  "{}",
  "[1,2 , 3]",
  '{"a":{"b":[true,false,null]}}',
  '\t[\r\n{"a": 9007199254740993}]\n',
];
const PIECES = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"a"',
  "1",
  "01",
  "true",
  "tru",
  "-",
  " ",
  '"',
  "\\",
  "\u00a0",
  "\u2028",
];

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("finds nothing in JSON", () => {
  for (const text of GOOD) {
    assert.equal(jsonProblem(text), undefined, text);
  }
});

test("agrees with the engine about everything that is put together of up to four pieces", () => {
  const walk = (text, left) => {
    assert.equal(jsonProblem(text) === undefined, isJson(text), JSON.stringify(text));
    for (const piece of left > 0 ? PIECES : []) {
      walk(text + piece, left - 1);
    }
  };
  walk("", 4);
});

test("points at what is wrong", () => {
  const places = [
    ['{"a": 1,}', 8, 9],
    ["[1 2]", 3, 4],
    ['{"a": tru}', 6, 9],
    ["{a: 1}", 1, 2],
    ['{"a": [1, 2}', 11, 12],
    ["[1, 2", 5, 5],
    ["", 0, 0],
    ["[01]", 2, 3],
    ["1 2", 2, 3],
  ];
  for (const [text, from, to] of places) {
    assert.deepEqual(jsonProblem(text), { from, to }, text);
  }
});
