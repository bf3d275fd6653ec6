/** Puts the page together. Every panel knows its own part of the document and nothing of the others. */

import "./start.js";
import type { Message } from "webmqtt";
import { ChartPanel } from "./chart.js";
import { ConnectForm } from "./connect-form.js";
import { ConnectionsPanel } from "./connections.js";
import { demoBroker, demoProfile } from "./demo.js";
import { byId, setText } from "./dom.js";
import { count, rate } from "./format.js";
import { Link } from "./link.js";
import { MessagesPanel } from "./messages.js";
import { ProfileStore } from "./profile-store.js";
import { PublishForm } from "./publish-form.js";
import { RateMeter } from "./rate.js";
import { StatusPanel } from "./status.js";
import { SubscriptionsPanel } from "./subscriptions.js";

/** Milliseconds after which the page is at rest. */
const REST = 1_000;

// Seen when it is complete: fields that come one after the other would push each other about.
byId("page", HTMLElement).hidden = false;
const link = new Link();
const store = new ProfileStore();
const connections = new ConnectionsPanel(link, store);
const chart = new ChartPanel();
const publishForm = new PublishForm(link);
const messages = new MessagesPanel({
  reply: (message) => publishForm.fill(message),
  forget: (topic) => link.forget(topic),
  draw: (topic, path) => {
    const isNew = chart.watch(topic, path);
    // What came before is a part of the line.
    for (const { message, at } of messages.log.entries) {
      if (isNew && message.topic === topic) {
        chart.values.takeOne(topic, path, message.payload, at);
      }
    }
  },
});
const subscriptions = new SubscriptionsPanel(link, store, receive);
new StatusPanel(link);
const connectForm = new ConnectForm(link, store);

let latest: Message | undefined;

function receive(message: Message, colour: number): void {
  // Overlapping subscriptions hand out the same message one after the other.
  if (message === latest) {
    return;
  }
  latest = message;
  const at = performance.timeOrigin + performance.now();
  messages.add(message, at, colour);
  chart.values.take(message.topic, message.payload, at);
}

const meter = new RateMeter();
const received = byId("meter-received", HTMLElement);
const perSecond = byId("meter-rate", HTMLElement);
const published = byId("meter-published", HTMLElement);

function updateMeters(): void {
  const now = performance.now();
  const total = messages.log.received;
  setText(received, count(total));
  setText(perSecond, rate(meter.sample(now, total)));
  setText(published, count(link.published));
  subscriptions.updateNumbers(now);
  const stats = link.connected ? link.stats : undefined;
  if (stats) {
    chart.traffic.sample(performance.timeOrigin + now, stats);
  }
}

setInterval(updateMeters, 1_000);
updateMeters();

link.acknowledged.listen((took) => {
  chart.traffic.acknowledged(performance.timeOrigin + performance.now(), took);
});

/** Id of the connection whose messages are shown. */
let shown = "";
link.status.listen(() => {
  // The messages of one broker do not go among those of another.
  if (link.live !== undefined && link.live !== shown) {
    if (shown !== "") {
      messages.clear();
      chart.clear();
    }
    shown = link.live;
  }
});

addEventListener("hashchange", () => connections.takeFromAddress());

const linked = connections.takeFromAddress();
const demo = await demoBroker();
if (demo === undefined) {
  // Not in the demo, whose files come from the machine they are built on, where they change all the time.
  setTimeout(async () => (await import("./offline.js")).keepForOffline(), REST);
} else if (!linked) {
  demoProfile(store, demo);
  await connectForm.connect();
}
