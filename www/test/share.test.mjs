import assert from "node:assert/strict";
import { test } from "node:test";
import { restoreProfile, USUAL } from "../src/profile.ts";
import { fragmentOf, fromFile, isSame, profileOfFragment, toFile } from "../src/share.ts";

const SUBSCRIPTION = {
  filter: "home/#",
  qos: 1,
  noLocal: true,
  retainAsPublished: false,
  retainHandling: 2,
  colour: 3,
  muted: false,
};
const full = {
  ...USUAL,
  id: "x",
  name: "Küche ☕",
  url: "wss://alice:s3cret@broker.example:8084/mqtt?token=t0ken",
  username: "alice",
  password: "s3cret",
  awsSessionToken: "s3cret of aws",
  keepPassword: true,
  clientId: "only-mine",
  userProperties: "token=t0ken",
  version: "4",
  willTopic: "gone",
  subscriptions: [SUBSCRIPTION],
};

test("a link brings a connection with its subscriptions to somebody else", () => {
  const profile = profileOfFragment(fragmentOf(full));
  assert.equal(profile.name, "Küche ☕");
  assert.equal(profile.url, "wss://broker.example:8084/mqtt");
  assert.equal(profile.username, "alice");
  assert.equal(profile.version, "4");
  assert.equal(profile.willTopic, "gone");
  assert.deepEqual(profile.subscriptions, [SUBSCRIPTION]);
  assert.notEqual(profile.id, "x");
  assert.ok(isSame(profile, full));
  assert.ok(!isSame(profile, { ...full, url: "wss://evil.example:8084/mqtt" }));
});

test("a link and a file have no secrets", () => {
  const link = atob(fragmentOf(full).split("=")[1].replaceAll("-", "+").replaceAll("_", "/"));
  for (const secret of ["s3cret", "t0ken", "only-mine"]) {
    assert.ok(!link.includes(secret), secret);
  }
  assert.ok(!toFile([full]).includes("s3cret"));
});

test("a link cannot bring a password, credentials in the URL, or anything that does not fit", () => {
  const forged = { url: "ws://a:b@h/", password: "x", keepPassword: true, clean: "yes", colour: 9 };
  const fragment = `#connection=${btoa(JSON.stringify(forged)).replace(/=+$/, "")}`;
  const profile = profileOfFragment(fragment);
  assert.deepEqual(
    [profile.url, profile.password, profile.keepPassword, profile.clean, profile.colour],
    ["ws://h/", "", false, true, "0"],
  );
});

test("other fragments are none", () => {
  for (const text of [
    "",
    "#messages-title",
    "#connection=",
    "#connection=%%%",
    "#connection=e30x",
  ]) {
    assert.equal(profileOfFragment(text), undefined, text);
  }
});

test("a file brings back what was exported, except for the passwords", () => {
  const [first, second] = fromFile(toFile([full, USUAL]));
  assert.equal(first.clientId, "only-mine");
  assert.equal(first.url, "wss://broker.example:8084/mqtt?token=t0ken");
  assert.equal(first.password, "");
  assert.deepEqual(first.subscriptions, [SUBSCRIPTION]);
  assert.deepEqual({ ...second, id: "" }, { ...USUAL, id: "" });
});

test("a file that is none of ours is refused in words", () => {
  assert.throws(() => fromFile("{"), /no JSON/);
  assert.throws(() => fromFile("[1]"), /no connections/);
});

test("anything at all becomes a profile that fits", () => {
  for (const value of [null, 1, "x", [], { subscriptions: [1, { filter: 2 }, null] }]) {
    assert.deepEqual({ ...restoreProfile(value), id: "" }, USUAL);
  }
});
