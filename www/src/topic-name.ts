/** A topic as it is shown: where space is short, the last level stays and the others give way. */

import { make } from "./dom.js";

export function topicName(topic: string): HTMLElement {
  const leaf = topic.lastIndexOf("/") + 1;
  const name = make("span", "topic");
  name.append(
    make("span", "topic-prefix", topic.slice(0, leaf)),
    make("span", "topic-leaf", topic.slice(leaf)),
  );
  return name;
}
