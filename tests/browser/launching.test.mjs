// @ts-check
// Programs of others that do not come up at once are started again, and leave nothing behind.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, mock, test } from "node:test";
import { launched, startAll } from "./harness/launching.mjs";
import { untilEnded } from "./harness/processes.mjs";

/** What was said on standard error meanwhile. @param {() => Promise<void>} body */
async function heard(body) {
  const said = mock.method(console, "error", () => {});
  try {
    await body();
    return said.mock.calls.map((call) => call.arguments.join(" "));
  } finally {
    said.mock.restore();
  }
}

describe("a program that is launched", () => {
  test("is started again when it fails, with what was begun ended in between", async () => {
    /** @type {string[]} */
    const done = [];
    const said = await heard(async () => {
      const launch = async (/** @type {(end: () => unknown) => void} */ otherwise) => {
        otherwise(() => done.push("folder"));
        otherwise(() => done.push("process"));
        if (done.length === 0) throw new Error("no display\nat all");
        return done.length;
      };
      assert.equal(await launched("it", launch), 2);
    });
    assert.deepEqual(done, ["process", "folder"]);
    assert.deepEqual(said, ["started again: it: Error: no display"]);
  });

  test("is started again when it takes too long, and ended when it comes up then", async () => {
    let tries = 0;
    let late = () => {};
    const ended = new Promise((resolve) => {
      const come = new Promise((come) => {
        late = () => come(undefined);
      });
      void heard(async () => {
        const launch = async (/** @type {(end: () => unknown) => void} */ otherwise) => {
          tries += 1;
          if (tries > 1) return tries;
          await come;
          otherwise(() => resolve("ended"));
          return tries;
        };
        assert.equal(await launched("it", launch, 10), 2);
        late();
      });
    });
    assert.equal(await ended, "ended");
  });

  test("that never comes up is a failure, with its reason", async () => {
    let tries = 0;
    await heard(async () => {
      const launch = async () => {
        tries += 1;
        throw new Error(`no ${tries}`);
      };
      await assert.rejects(launched("it", launch), /no 3/);
    });
    assert.equal(tries, 3);
  });
});

test("what was started can be ended although something beside it was not", async () => {
  let other = false;
  const starts = [
    () => Promise.reject(new Error("no port")),
    async () => {
      await new Promise((resolve) => setImmediate(resolve));
      other = true;
    },
  ];
  await assert.rejects(startAll(starts), /no port/);
  assert.equal(other, true);
});

test("a process that has ended, or never began, is not waited for", async () => {
  const child = spawn(process.execPath, ["--eval", ""]);
  await untilEnded(child);
  await untilEnded(child);
  const none = spawn("/nowhere/at/all");
  none.on("error", () => {});
  await untilEnded(none);
});
