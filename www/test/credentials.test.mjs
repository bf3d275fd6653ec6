import assert from "node:assert/strict";
import { test } from "node:test";
import { splitCredentials } from "../src/credentials.ts";

test("credentials in a URL are taken out of it", () => {
  assert.deepEqual(splitCredentials("wss://alice:se%20cret@broker.example:8084/mqtt"), {
    url: "wss://broker.example:8084/mqtt",
    username: "alice",
    password: "se cret",
  });
});

test("a URL without credentials, and text that is no URL, stay as they were typed", () => {
  for (const text of ["ws://127.0.0.1:9001", "not a url", ""]) {
    assert.deepEqual(splitCredentials(text), { url: text, username: "", password: "" });
  }
});
