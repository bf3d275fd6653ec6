/** One connection of the page, and everything that belongs to it. It goes on whether it is looked at or not. No document here. */

import type { Message } from "webmqtt";
import { type Ask, entranceOf } from "./entrance.js";
import { count } from "./format.js";
import { Inspection } from "./inspection.js";
import { t } from "./language.js";
import { Link } from "./link.js";
import { type LogEntry, MessageLog } from "./message-log.js";
import { Network } from "./network.js";
import type { Throttle } from "./pipe.js";
import type { Profile } from "./profile.js";
import type { ProfileStore } from "./profile-store.js";
import { Publishing } from "./publishing.js";
import { RateMeter } from "./rate.js";
import { SeriesStore } from "./series.js";
import { Signal } from "./signal.js";
import { SubscriptionList } from "./subscription-list.js";
import { Timeline } from "./timeline.js";
import { TopicTree } from "./topic-tree.js";
import { Traffic } from "./traffic.js";

/** As many attempts as the package takes. */
const MANY = 4_294_967_295;

export class Connection {
  /** That of the stored connection. */
  readonly id: string;
  readonly link = new Link();
  readonly network = new Network();
  readonly log = new MessageLog();
  readonly topics = new TopicTree();
  /** Numbers in its messages. */
  readonly values = new SeriesStore();
  readonly traffic = new Traffic();
  readonly inspection = new Inspection();
  readonly timeline = new Timeline(this.link);
  readonly publishing = new Publishing(this.link, this.network);
  readonly subscriptions: SubscriptionList;
  readonly received = new Signal<LogEntry>();
  /** Messages per second. */
  rate = 0;
  readonly #meter = new RateMeter();
  #open = false;
  readonly #ask: Ask;
  readonly #store: ProfileStore;
  #latest: Message | undefined;
  /** How many messages had come when it was looked at last. */
  #seen = 0;

  constructor(id: string, store: ProfileStore, ask: Ask) {
    this.id = id;
    this.#store = store;
    this.#ask = ask;
    this.subscriptions = new SubscriptionList(this.link, store, id, (message, colour) =>
      this.#take(message, colour),
    );
    this.link.acknowledged.listen((took) => {
      this.traffic.acknowledged(performance.timeOrigin + performance.now(), took);
    });
  }

  /** Whether it was ever connected, and has something to show. */
  get open(): boolean {
    return this.#open;
  }

  /** Messages that came since it was looked at. */
  get unread(): number {
    return this.log.received - this.#seen;
  }

  looked(): void {
    this.#seen = this.log.received;
  }

  /** `goesOn`: it was connected when the page was reloaded, so it is tried again and again, as after a loss. */
  async connect(profile: Profile, goesOn = false): Promise<void> {
    this.#open = true;
    try {
      const { options, server } = await entranceOf(profile, (question) => this.#question(question));
      if (goesOn) {
        options.connectAttempts = MANY;
      }
      options.webSocket = await this.inspection.over(this.network.webSocket);
      if (this.#open) {
        await this.link.connect(profile.url, options, server);
      }
    } catch (error) {
      // What was typed cannot be used.
      this.link.failed.emit(error);
    }
  }

  /** Asks whoever looks at the page. Without an answer the connection ends. */
  async #question(question: Parameters<Ask>[0]): Promise<string> {
    const gone = new AbortController();
    const end = this.link.status.listen(({ state }) => {
      if (state === "closing" || state === "closed" || state === "idle") {
        gone.abort();
      }
    });
    const answer = await this.#ask(question, gone.signal).finally(end);
    if (answer === undefined) {
      void this.link.disconnect();
      throw new Error(t("No password was given."));
    }
    this.#store.update(this.id, { password: answer });
    return answer;
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#open = false;
    await this.link.disconnect();
    // On a slow line what was sent last can be on its way for long.
    if (!this.#open) {
      this.network.drop();
    }
  }

  /** Cuts its network, or mends it. */
  cutNetwork(cut: boolean): void {
    if (cut) {
      this.timeline.note(t("You cut the network."), "network");
      this.network.cut();
    } else {
      this.timeline.note(t("You mended the network."), "network");
      this.network.mend();
      // As the browser does when the network is back.
      this.link.wake();
    }
  }

  /** Undefined for full speed. */
  slowNetwork(throttle: Throttle | undefined): void {
    const words = throttle
      ? t("You slowed the network down: {delay} ms and {rate} bytes per second each way.", {
          delay: count(throttle.delay),
          rate: count(throttle.rate),
        })
      : t("The network has its full speed again.");
    this.timeline.note(words, "network");
    this.network.slow(throttle);
  }

  #take(message: Message, colour: number): void {
    // Overlapping subscriptions hand out the same message one after the other.
    if (message === this.#latest) {
      return;
    }
    this.#latest = message;
    const at = performance.timeOrigin + performance.now();
    const entry = this.log.push(message, at, colour);
    this.topics.take(entry);
    this.values.take(message.topic, message.payload, at);
    this.received.emit(entry);
  }

  /** Forgets the messages. */
  clear(): void {
    this.log.clear();
    this.topics.clear();
  }

  /** Has the broker delete what it keeps for this topic. */
  async forget(topic: string): Promise<void> {
    await this.link.forget(topic);
    this.topics.forgetRetained(topic);
  }

  /** Draws this number from now on; what came before is a part of the line. */
  draw(topic: string, path: string): string | undefined {
    const series = this.values.watch(topic, path);
    if (series?.points.last === undefined) {
      for (const { message, at } of this.log.entries) {
        if (message.topic === topic) {
          this.values.takeOne(topic, path, message.payload, at);
        }
      }
    }
    return series?.id;
  }

  /** Call once per second; `now` as of `performance.now()`. */
  tick(now: number): void {
    this.rate = this.#meter.sample(now, this.log.received);
    this.subscriptions.tick(now);
    const stats = this.link.connected ? this.link.stats : undefined;
    if (stats) {
      this.traffic.sample(performance.timeOrigin + now, stats);
    }
  }
}
