/** User name and password that were typed into a URL, where they would be shown and stored. */

export interface SplitUrl {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Takes them out of the URL; text that is no URL stays as it is. */
export function splitCredentials(text: string): SplitUrl {
  const nothing = { url: text, username: "", password: "" };
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch {
    return nothing;
  }
  const { username, password } = parsed;
  if (username === "" && password === "") {
    return nothing;
  }
  parsed.username = "";
  parsed.password = "";
  return { url: parsed.href, username: decoded(username), password: decoded(password) };
}
