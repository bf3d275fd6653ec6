// How far a file has got, beside a connection that the tests play.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Signal } from "../src/signal.ts";
import { Upload } from "../src/upload.ts";

/** @param {number} queuedBytes @param {number} buffered */
function upload(queuedBytes, buffered) {
  const link = { stats: { bytesOut: 0, queuedBytes }, connected: true, status: new Signal() };
  const network = { buffered };
  return { link, network, upload: new Upload(link, network, 100, () => {}) };
}

test("what was queued before and never leaves does not keep a file from having left", async () => {
  const { link, upload: file } = upload(500, 0);
  link.stats = { bytesOut: 100, queuedBytes: 0 };
  assert.equal(await file.drained(), true);
  file.end();
});

test("a file that is not all out of the browser when the connection is lost has not left", async () => {
  const { link, upload: file } = upload(0, 60);
  const drained = file.drained();
  assert.equal(file.sent, 40);
  link.connected = false;
  link.status.emit({ state: "waiting" });
  assert.equal(await drained, false);
  file.end();
});

test("a file that is given up on its way has not left", async () => {
  const { upload: file } = upload(0, 60);
  const drained = file.drained();
  file.cancel();
  assert.equal(await drained, false);
  file.end();
});
