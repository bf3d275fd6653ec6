/** Puts the page together. Every panel knows its own part of the document and nothing of the others. */

import type { Message } from "webmqtt";
import { ChartPanel } from "./chart.js";
import { ConnectForm } from "./connect-form.js";
import { demoBroker } from "./demo.js";
import { byId, setText } from "./dom.js";
import { count, rate } from "./format.js";
import { Link } from "./link.js";
import { MessagesPanel } from "./messages.js";
import { PublishForm } from "./publish-form.js";
import { RateMeter } from "./rate.js";
import { StatusPanel } from "./status.js";
import { SubscriptionsPanel } from "./subscriptions.js";

const link = new Link();
const chart = new ChartPanel();
const publishForm = new PublishForm(link);
const messages = new MessagesPanel((message) => publishForm.fill(message));
const subscriptions = new SubscriptionsPanel(link, receive);
new StatusPanel(link);
const connectForm = new ConnectForm(link);

let latest: Message | undefined;

function receive(message: Message, colour: number): void {
  // Overlapping subscriptions hand out the same message one after the other.
  if (message === latest) {
    return;
  }
  latest = message;
  const at = performance.timeOrigin + performance.now();
  messages.add(message, at, colour);
  chart.store.take(message.topic, message.payload, at);
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
}

setInterval(updateMeters, 1_000);
updateMeters();

const demo = await demoBroker();
if (demo !== undefined) {
  subscriptions.add("demo/#", 0);
  await connectForm.connect(demo);
}
