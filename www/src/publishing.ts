/** What one connection publishes: the draft, its repetition, and what became of the last message. No document here. */

import type { Payload, PublishResult, QoS } from "webmqtt";
import { type Draft, payloadOf, publishOptions } from "./draft.js";
import { explain } from "./errors.js";
import { bytes, count, duration } from "./format.js";
import { t } from "./language.js";
import type { Link } from "./link.js";
import type { Network } from "./network.js";
import { toQoS } from "./profile.js";
import { Repeater } from "./repeater.js";
import { Signal } from "./signal.js";
import { Upload } from "./upload.js";

/** The reason code of an acknowledgement that no subscriber was there. */
const NO_MATCHING_SUBSCRIBERS = 0x10;

export interface Outcome {
  readonly tone: "waiting" | "done" | "failed";
  readonly text: string;
  readonly remedy: string;
}

export class Publishing {
  readonly #link: Link;
  readonly #network: Network;
  /** What the form has, or had when another connection was looked at. */
  draft: Draft | undefined;
  /** What a draft of a file sends. */
  file: File | undefined;
  /** The outcome is another, or whether it repeats. */
  readonly changed = new Signal<void>();
  /** A file has got further, or there is none on its way any more. */
  readonly progressed = new Signal<void>();
  readonly #repeater = new Repeater(
    () => this.publish(),
    () => this.changed.emit(),
  );
  #outcome: Outcome | undefined;
  #upload: Upload | undefined;
  /** Number of the last publish: what became of earlier ones is not shown any more. */
  #last = 0;
  /** How many of a repetition were sent. */
  #repeated = 0;
  #version5 = true;

  constructor(link: Link, network: Network) {
    this.#link = link;
    this.#network = network;
    link.status.listen(({ info }) => {
      if (info) {
        this.#version5 = info.version === 5;
      }
      if (!this.usable) {
        this.#repeater.stop();
      }
    });
  }

  /** Of the last message. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** The file that is on its way. */
  get upload(): Upload | undefined {
    return this.#upload;
  }

  get repeating(): boolean {
    return this.#repeater.running;
  }

  /** Whether messages have properties. */
  get version5(): boolean {
    return this.#version5;
  }

  /** Whether there is a connection, or one is expected. */
  get usable(): boolean {
    const { state } = this.#link.now;
    return state === "connected" || state === "connecting" || state === "waiting";
  }

  /** Publishes the draft again and again, `interval` milliseconds apart. */
  repeat(interval: number): void {
    this.#repeated = 0;
    this.#repeater.start(interval);
  }

  stop(): void {
    this.#repeater.stop();
  }

  /** Publishes the draft. Whether it went well. */
  async publish(): Promise<boolean> {
    const { draft } = this;
    if (!draft) {
      return false;
    }
    this.#last += 1;
    const number = this.#last;
    const waiting = this.#link.connected ? t("On its way") : t("Waits for the connection");
    this.#tell("waiting", waiting);
    const start = performance.now();
    let upload: Upload | undefined;
    try {
      const payload = await this.#content(draft);
      const options = publishOptions(draft, this.#version5);
      if (payload instanceof ArrayBuffer && !this.repeating) {
        upload = this.#begin(payload.byteLength);
        options.signal = upload.signal;
      }
      const result = await this.#link.publish(draft.topic, payload, options);
      if (result.qos === 0 && upload && !(await upload.drained())) {
        if (number === this.#last) {
          this.#tell(
            "failed",
            upload.signal.aborted
              ? givenUp()
              : t(
                  "The connection was lost before all of it was seen to leave: the broker may not have it.",
                ),
          );
        }
        return false;
      }
      this.#repeated += 1;
      if (number === this.#last) {
        const sent = this.repeating
          ? `${t("{count} sent.", { count: count(this.#repeated) })} `
          : "";
        this.#tell("done", sent + inWords(toQoS(draft.qos), result, performance.now() - start));
      }
      return true;
    } catch (error) {
      if (number === this.#last) {
        this.#fail(error, upload);
      }
      return false;
    } finally {
      this.#finish(upload);
    }
  }

  #begin(size: number): Upload {
    const upload = new Upload(this.#link, this.#network, size, () => this.progressed.emit());
    this.#upload = upload;
    this.progressed.emit();
    return upload;
  }

  #finish(upload: Upload | undefined): void {
    upload?.end();
    if (upload && upload === this.#upload) {
      this.#upload = undefined;
      this.progressed.emit();
    }
  }

  #fail(error: unknown, upload: Upload | undefined): void {
    if (upload?.signal.aborted) {
      const words = upload.hasLeft ? givenUp() : t("Cancelled before it left.");
      this.#tell("failed", words);
      return;
    }
    const { message, remedy, code } = explain(error);
    this.#tell("failed", message, code ? `${remedy} (${code})` : remedy);
  }

  async #content(draft: Draft): Promise<Payload> {
    if (draft.format !== "file") {
      return payloadOf(draft, this.#repeated);
    }
    const { file } = this;
    if (!file) {
      throw new Error(t("Choose a file first."));
    }
    const { name, size } = file;
    this.#tell("waiting", t("{name}, {bytes}, is on its way", { name, bytes: bytes(size) }));
    return file.arrayBuffer();
  }

  #tell(tone: Outcome["tone"], text: string, remedy = ""): void {
    this.#outcome = { tone, text, remedy };
    this.changed.emit();
  }
}

const givenUp = () => t("Given up, but it had begun to leave: the broker may get it all the same.");

function inWords(asked: QoS, result: PublishResult, took: number): string {
  const { qos, reasonCode, reasonString } = result;
  if (asked === 0) {
    return t("Sent. QoS 0 is not acknowledged.");
  }
  const as = qos === asked ? `QoS ${qos}` : t("QoS {qos} instead of {asked}", { qos, asked });
  const nobody =
    reasonCode === NO_MATCHING_SUBSCRIBERS ? ` ${t("Nobody subscribes to this topic.")}` : "";
  const words = reasonString ? ` ${t("The broker says: {words}", { words: reasonString })}` : "";
  return t("Acknowledged as {as} after {time}.", { as, time: duration(took) }) + nobody + words;
}
