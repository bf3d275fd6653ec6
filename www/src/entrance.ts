/** How a connection gets in: with user name and password as they are, as SCRAM, or as a signature for AWS IoT. */

import type { ConnectOptions, ServerUrl } from "webmqtt";
import { connectOptions, usesAws, usesScram } from "./connect-options.js";
import { t } from "./language.js";
import { type Profile, titleOf } from "./profile.js";

export interface Question {
  /** What people call the connection; a link can bring any name. */
  readonly name: string;
  /** Where the password goes. */
  readonly host: string;
  /** The broker refused what it had. */
  readonly refused: boolean;
}

/** Asks somebody for a password; `undefined` if there is no answer, or `signal` says that none is needed any more. */
export type Ask = (question: Question, signal: AbortSignal) => Promise<string | undefined>;

/** What names the region in a host name of AWS IoT, as `webmqtt/sigv4` reads it. */
const REGION = /\.iot\.[a-z0-9-]+\.amazonaws\./;

/** What is no URL has no host; the package says so. */
function hostOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return "";
  }
}

/** What the client is made with. */
export interface Entrance {
  readonly options: ConnectOptions;
  readonly server: ServerUrl;
}

/** `ask` gets the password where the profile wants it to be asked for. */
export async function entranceOf(
  profile: Profile,
  ask: (question: Question) => Promise<string>,
): Promise<Entrance> {
  const { username, url } = profile;
  const options = connectOptions(profile);
  const password = profile.askPassword ? asking(profile, ask) : profile.password;
  if (usesAws(profile)) {
    const { signedUrl } = await import("webmqtt/sigv4");
    const { awsRegion, awsSessionToken } = profile;
    if (awsRegion.trim() === "" && !REGION.test(hostOf(url))) {
      throw new Error(t("The host name says no AWS region: fill it in."));
    }
    const server = signedUrl({
      endpoint: url,
      ...(awsRegion.trim() !== "" && { region: awsRegion.trim() }),
      credentials: async (attempt) => ({
        accessKeyId: username,
        secretAccessKey: typeof password === "string" ? password : await password(attempt),
        ...(awsSessionToken !== "" && { sessionToken: awsSessionToken }),
      }),
    });
    return { options, server };
  }
  if (usesScram(profile)) {
    const { scramSha256 } = await import("webmqtt/scram");
    options.auth = scramSha256({ username, password });
  } else if (typeof password !== "string") {
    options.password = password;
  }
  return { options, server: url };
}

/** The password that there is, or the answer: when there is none, and when the broker refuses it. */
function asking(profile: Profile, ask: (question: Question) => Promise<string>) {
  let { password } = profile;
  let answer: Promise<string> | undefined;
  return async ({ refused }: { refused: boolean }): Promise<string> => {
    if (refused || password === "") {
      // An attempt can be over before there is an answer, which is then for the next one.
      answer ??= ask({ name: titleOf(profile), host: hostOf(profile.url), refused }).finally(() => {
        answer = undefined;
      });
      password = await answer;
    }
    return password;
  };
}
