/** Where a text stops being JSON: the same place in every browser, as their own words are not. Pure. */

/** A token, or what stands where one should be. */
const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those that no string of JSON holds
  /[ \t\n\r]*(?:([[\]{},:])|("[^"\\\0-\x1f]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\0-\x1f]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|([^\s[\]{},:"]+|.|\s)|$)/y;

type Expected = "value" | "value or end" | "key" | "key or end" | "colon" | "comma";

/** From where to where, in characters; nothing if it is JSON. */
export function jsonProblem(text: string): { from: number; to: number } | undefined {
  const open: string[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    const [all = "", sign, string, scalar, wrong] = found ?? [];
    const token = sign ?? string ?? scalar ?? wrong ?? "";
    const from = at + all.length - token.length;
    const fails = { from, to: from + token.length };
    at += all.length;
    if (token === "") {
      const done = expected === "comma" && open.length === 0;
      return done ? undefined : fails;
    }
    if (wrong !== undefined || (expected === "comma" && open.length === 0)) {
      return fails;
    }
    const value: boolean = expected === "value" || expected === "value or end";
    const begins = token === "{" || token === "[";
    if (value && begins) {
      open.push(token);
      expected = token === "{" ? "key or end" : "value or end";
    } else if (value && (string ?? scalar) !== undefined) {
      expected = "comma";
    } else if ((expected === "key" || expected === "key or end") && string !== undefined) {
      expected = "colon";
    } else if (expected === "colon" && token === ":") {
      expected = "value";
    } else if (expected === "comma" && token === ",") {
      expected = open.at(-1) === "{" ? "key" : "value";
    } else if (ends(token, open.at(-1), expected)) {
      open.pop();
      expected = "comma";
    } else {
      return fails;
    }
  }
}

function ends(token: string, opened: string | undefined, expected: Expected): boolean {
  const fits = (token === "}" && opened === "{") || (token === "]" && opened === "[");
  return fits && (expected === "comma" || expected.endsWith("end"));
}
