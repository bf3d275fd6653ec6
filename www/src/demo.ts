/** Whether this page was served by `cargo xtask demo`, and where its broker is. */

const LOOPBACK = /^ws:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+\//;

/** The URL of the demo's broker, if there is one. Only this machine: a link must not lead elsewhere. */
export async function demoBroker(): Promise<string | undefined> {
  const asked = new URLSearchParams(location.search).get("demo");
  const url = asked ?? (await served());
  return url && LOOPBACK.test(url) ? url : undefined;
}

async function served(): Promise<string | undefined> {
  try {
    const response = await fetch("./demo.json", { cache: "no-store" });
    const answer: unknown = response.ok ? await response.json() : undefined;
    if (typeof answer === "object" && answer !== null && "url" in answer) {
      return typeof answer.url === "string" ? answer.url : undefined;
    }
  } catch {
    // A page from a file server without demo.json is as good as any.
  }
  return undefined;
}
