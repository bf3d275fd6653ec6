// @ts-check
// Signed URLs for AWS IoT: the published example of AWS, an independent computation, and a server that verifies.

import assert from "node:assert/strict";
import path from "node:path";
import { test as plainTest } from "node:test";
import { pathToFileURL } from "node:url";
import { errorOf, resultOf } from "./harness/page_client.mjs";
import { signingKey as expectedKey, fault } from "./harness/sigv4_check.mjs";
import { packageDirectory } from "./harness/site.mjs";
import { describeScripted, quick } from "./suites/scripted.mjs";

const file = pathToFileURL(path.join(packageDirectory, "dist/sigv4.js"));
/** @type {typeof import("../../pkg/src/sigv4.ts")} */
const { signedUrl, signingKey } = await import(file.href);

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const keys = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: SECRET };
const endpoint = "abc123-ats.iot.eu-west-1.amazonaws.com";
const attempt = { refused: false };

/** What AWS would find wrong with a URL. @param {string} url @param {Partial<Parameters<typeof fault>[2]>} [known] */
function faultOf(url, known) {
  const { host, pathname, search } = new URL(url);
  const all = { secret: SECRET, now: Date.now(), region: "eu-west-1", ...known };
  return fault(pathname + search, host, all);
}

plainTest("the signing key is that of AWS's published example", async () => {
  const scope = ["20150830", "us-east-1", "iam", "aws4_request"];
  const key = Buffer.from(await signingKey(SECRET, scope)).toString("hex");
  assert.equal(key, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
  assert.equal(key, expectedKey(SECRET, scope).toString("hex"));
});

plainTest("a signed URL is what AWS computes for itself", async () => {
  for (const [what, options] of /** @type {const} */ ([
    ["a host name", { endpoint }],
    ["a URL", { endpoint: `wss://${endpoint}/mqtt` }],
    ["a URL with a port", { endpoint: `wss://${endpoint}:8443/mqtt` }],
    ["parameters of one's own", { endpoint: `wss://${endpoint}/mqtt?b=%C3%BC+%26&a-b=2&a=(1)*'!` }],
    ["a path with characters that are encoded", { endpoint: `wss://${endpoint}/a%20b/c` }],
    ["another time", { endpoint, expires: 60 }],
  ])) {
    const url = await signedUrl({ ...options, credentials: keys })(attempt);
    assert.equal(faultOf(url), undefined, `${what}: ${url}`);
    assert.ok(url.startsWith(`wss://${endpoint}`), url);
    const tampered = url.replace("X-Amz-Date=2", "X-Amz-Date=3");
    assert.notEqual(faultOf(tampered), undefined);
  }
  const url = new URL(await signedUrl({ endpoint, credentials: keys })(attempt));
  assert.equal(url.pathname, "/mqtt");
  assert.deepEqual(
    [...url.searchParams.keys()],
    [
      "X-Amz-Algorithm",
      "X-Amz-Credential",
      "X-Amz-Date",
      "X-Amz-Expires",
      "X-Amz-SignedHeaders",
      "X-Amz-Signature",
    ],
  );
});

plainTest("a session token comes behind the signature and is not signed", async () => {
  const sessionToken = "token+/with==signs";
  const url = await signedUrl({ endpoint, credentials: { ...keys, sessionToken } })(attempt);
  assert.equal(faultOf(url, { token: sessionToken }), undefined);
  assert.ok(url.endsWith(`&X-Amz-Security-Token=${encodeURIComponent(sessionToken)}`));
});

plainTest("the region is that of the host name, or the one that is given", async () => {
  for (const [host, region] of /** @type {const} */ ([
    ["abc.iot.us-east-2.amazonaws.com", "us-east-2"],
    ["abc-ats.iot.cn-north-1.amazonaws.com.cn", "cn-north-1"],
    ["data.iot.ap-south-1.amazonaws.com", "ap-south-1"],
  ])) {
    const url = await signedUrl({ endpoint: host, credentials: keys })(attempt);
    assert.equal(faultOf(url, { region }), undefined);
  }
  const own = { endpoint: "iot.example.com", credentials: keys };
  const url = await signedUrl({ ...own, region: "eu-central-1" })(attempt);
  assert.equal(faultOf(url, { region: "eu-central-1" }), undefined);
  assert.throws(() => signedUrl(own), /region/);
  assert.throws(() => signedUrl({ ...own, endpoint: "not a host" }), TypeError);
  assert.throws(() => signedUrl({ endpoint, credentials: keys, expires: 0 }), RangeError);
});

plainTest("the clock of the device can be corrected", async () => {
  const hour = 3_600_000;
  let clockSkew = -hour;
  const sign = signedUrl({ endpoint, credentials: keys, clockSkew: () => clockSkew });
  assert.equal(faultOf(await sign(attempt)), "expired");
  assert.equal(faultOf(await sign(attempt), { now: Date.now() - hour }), undefined);
  clockSkew = 0;
  assert.equal(faultOf(await sign(attempt)), undefined);
  const ahead = signedUrl({ endpoint, credentials: keys, clockSkew: hour });
  assert.equal(faultOf(await ahead(attempt), { now: Date.now() + hour }), undefined);
});

plainTest(
  "credentials are asked for again when they end, are refused, or do not say when they end",
  async () => {
    /** @type {boolean[]} */
    const asked = [];
    /** @type {number | undefined} */
    let lifetime = 600_000;
    const sign = signedUrl({
      endpoint,
      credentials: ({ refused }) => {
        asked.push(refused);
        return lifetime === undefined
          ? keys
          : { ...keys, expiration: new Date(Date.now() + lifetime) };
      },
    });
    await sign(attempt);
    await sign(attempt);
    assert.deepEqual(asked, [false]);
    lifetime = 30_000;
    await sign({ refused: true });
    assert.deepEqual(asked, [false, true]);
    await sign(attempt);
    assert.deepEqual(asked, [false, true, false], "they end within a minute");
    lifetime = undefined;
    await sign(attempt);
    await sign(attempt);
    assert.equal(asked.length, 5);
  },
);

plainTest(
  "what has expired or is missing is not signed, and no error names a credential",
  async () => {
    for (const credentials of [
      { ...keys, expiration: Date.now() - 1 },
      { ...keys, expiration: "2015-08-30T12:36:00Z" },
      { ...keys, accessKeyId: "" },
      { ...keys, secretAccessKey: "" },
    ]) {
      await assert.rejects(signedUrl({ endpoint, credentials })(attempt), (error) => {
        assert.ok(error instanceof Error);
        assert.doesNotMatch(String(error.stack), /wJalr|AKID/);
        return true;
      });
    }
  },
);

describeScripted("a server that verifies signatures", (test) => {
  test("a client whose signature has expired comes back with another one, and nothing is loaded again", async ({
    bench,
    server,
  }) => {
    /** @type {(string | undefined)[]} */
    const verdicts = [];
    server.upgrade.check = ({ url = "", headers: { host = "" } }) => {
      // The second one comes when an hour has passed.
      const now = Date.now() + (verdicts.length === 1 ? 3_600_000 : 0);
      const known = { secret: SECRET, region: "eu-west-1", token: "session token" };
      const found = fault(url, host, { ...known, now });
      verdicts.push(found);
      return found && 403;
    };
    const right = { ...keys, sessionToken: "session token" };
    const wrong = { ...right, secretAccessKey: "of somebody else" };
    const signed = {
      endpoint: server.url,
      region: "eu-west-1",
      expires: 60,
      credentials: [right, right, wrong, null, right],
    };
    const client = await bench.client("", { ...quick, signed });
    const connecting = client.connect();
    const peer = await server.peer();
    await peer.accept();
    resultOf(await connecting);
    peer.drop();
    const again = await server.peer();
    await again.accept();
    await client.untilState("connected", 2);
    assert.deepEqual(verdicts, [undefined, "expired", "signature", undefined]);
    const { states } = await client.history();
    const causes = states
      .filter(({ state }) => state === "waiting")
      .map(({ cause }) => cause?.code);
    assert.deepEqual(causes, ["connection-lost", "unreachable", "unreachable", "credentials"]);
    assert.doesNotMatch(JSON.stringify(states), /X-Amz|session%20token|AKID/);
    assert.equal(await client.url(), server.url);
  });

  test("an expired value fails the attempt before anything is opened", async ({
    bench,
    server,
  }) => {
    const outcome = await bench.page.evaluate(async (endpoint) => {
      const { webmqtt, outcome } = globalThis.bench;
      // @ts-expect-error: an address on the test's own site, not a file
      const { signedUrl } = await import("/pkg/dist/sigv4.js");
      const credentials = { accessKeyId: "a", secretAccessKey: "b", expiration: 1 };
      return outcome(() => webmqtt.connect(signedUrl({ endpoint, region: "x", credentials })));
    }, server.url);
    assert.match(errorOf(outcome, "credentials").cause ?? "", /expired/);
    assert.equal(server.upgrades.items.length, 0);
  });
});
