import assert from "node:assert/strict";
import { test } from "node:test";
import { cborText } from "../src/cbor.ts";
import { messagePackText } from "../src/messagepack.ts";
import { imageType, textIn, viewsOf } from "../src/payload-views.ts";

const hex = (text) => Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const utf8 = (text) => new TextEncoder().encode(text);
const flat = (text) => text.replace(/\n */g, " ");
const views = (payload, properties = {}) => viewsOf({ payload, properties });

test("the examples of the CBOR specification", () => {
  // RFC 8949, appendix A.
  for (const [bytes, text] of [
    ["00", "0"],
    ["1818", "24"],
    ["1bffffffffffffffff", "18446744073709551615"],
    ["3bffffffffffffffff", "-18446744073709551616"],
    ["3903e7", "-1000"],
    ["f93c00", "1"],
    ["f97bff", "65504"],
    ["f90001", "5.960464477539063e-8"],
    ["f9fc00", "-Infinity"],
    ["fb3ff199999999999a", "1.1"],
    ["f5", "true"],
    ["f7", "undefined"],
    ["f8ff", "simple(255)"],
    ["c11a514b67b0", "1(1363896240)"],
    ["4401020304", "h'01020304'"],
    ["62c3bc", '"ü"'],
    ["80", "[]"],
    ["8301820203820405", "[ 1, [ 2, 3 ], [ 4, 5 ] ]"],
    ["a201020304", "{ 1: 2, 3: 4 }"],
    ["bf61610161629f0203ffff", '{ "a": 1, "b": [ 2, 3 ] }'],
    ["7f657374726561646d696e67ff", 'chunks([ "strea", "ming" ])'],
    ["0102", "1 2"],
  ]) {
    assert.equal(flat(cborText(hex(bytes))), text, bytes);
  }
});

test("MessagePack of every kind", () => {
  for (const [bytes, text] of [
    ["7f", "127"],
    ["e0", "-32"],
    ["cfffffffffffffffff", "18446744073709551615"],
    ["d38000000000000000", "-9223372036854775808"],
    ["d1ff00", "-256"],
    ["cb3ff199999999999a", "1.1"],
    ["c0", "null"],
    ["c3", "true"],
    ["a3c3bc61", '"üa"'],
    ["d90161", '"a"'],
    ["c4020102", "h'0102'"],
    ["9301c2c0", "[ 1, false, null ]"],
    ["82a16101a16292a0c0", '{ "a": 1, "b": [ "", null ] }'],
    ["d6ff00000001", "extension -1(h'00000001')"],
    ["c70305010203", "extension 5(h'010203')"],
    ["dc000101", "[ 1 ]"],
    ["de000101c3", "{ 1: true }"],
  ]) {
    assert.equal(flat(messagePackText(hex(bytes))), text, bytes);
  }
});

test("bytes that lie about their length, depth or kind are errors, and quickly", () => {
  const deep = (byte) => new Uint8Array(100_000).fill(byte);
  for (const bytes of [
    "",
    "1b00",
    "5bffffffffffffffff",
    "9bffffffffffffffff",
    "ff",
    "1c",
    "62ff",
    "bf01ff",
  ]) {
    assert.throws(() => cborText(hex(bytes)), Error, bytes);
  }
  for (const bytes of ["", "c1", "cf00", "dfffffffff", "ddffffffff", "0101", "a1ff"]) {
    assert.throws(() => messagePackText(hex(bytes)), Error, bytes);
  }
  assert.throws(() => cborText(deep(0x81)), /deep/);
  assert.throws(() => cborText(deep(0x00)), /long/);
  assert.throws(() => messagePackText(deep(0x91)), /deep/);
});

test("random bytes never do anything but decode or throw an error", () => {
  let seed = 1;
  for (let round = 0; round < 2_000; round += 1) {
    const bytes = Uint8Array.from({ length: round % 40 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed >> 16;
    });
    for (const decode of [cborText, messagePackText]) {
      try {
        assert.equal(typeof decode(bytes), "string");
      } catch (error) {
        assert.doesNotMatch(String(error), /RangeError: (Max|Inv)/);
      }
    }
  }
});

test("the best view is what the payload is, or what the publisher says that it is", () => {
  assert.equal(views(utf8('{"a":1}')).best, "json");
  assert.equal(views(utf8("on")).best, "text");
  assert.equal(views(hex("ff00")).best, "hex");
  assert.equal(views(hex("a1ff"), { contentType: "application/cbor" }).best, "cbor");
  assert.equal(views(hex("a1ff"), { contentType: "application/senml+cbor" }).best, "cbor");
  assert.equal(views(hex("c1"), { contentType: "application/x-msgpack" }).best, "messagepack");
  assert.equal(views(hex("89504e470d0a1a0a")).best, "image");
});

test("only pictures that cannot run anything are pictures", () => {
  assert.equal(imageType(hex("ffd8ffe0")), "image/jpeg");
  assert.equal(imageType(utf8("GIF89a")), "image/gif");
  assert.equal(imageType(utf8("RIFF\n\r12WEBPVP8 ")), "image/webp");
  assert.equal(imageType(utf8('<svg xmlns="http://www.w3.org/2000/svg"/>')), undefined);
  assert.equal(imageType(new Uint8Array()), undefined);
});

test("Base64 of more than one call can take", async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index & 255);
  assert.equal(await textIn("base64", bytes), Buffer.from(bytes).toString("base64"));
});

test("JSON keeps 64-bit integers", async () => {
  assert.match(await textIn("json", utf8('{"id":18446744073709551615}')), /18446744073709551615/);
});
