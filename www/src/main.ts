/** Puts the page together. Every panel knows its own part of the document and nothing of the others. */

import "./start.js";
import { ChartPanel } from "./chart.js";
import { ConnectForm } from "./connect-form.js";
import { ConnectionTabs } from "./connection-tabs.js";
import { ConnectionsPanel } from "./connections.js";
import { demoBroker, demoProfile } from "./demo.js";
import { byId, setText } from "./dom.js";
import { count, rate } from "./format.js";
import { LinkNotes } from "./link-notes.js";
import { MessagesPanel } from "./messages.js";
import { NetworkPanel } from "./network-panel.js";
import { OpenConnections } from "./open-connections.js";
import { ProfileStore } from "./profile-store.js";
import { PublishForm } from "./publish-form.js";
import { Resumption } from "./resumption.js";
import { StatusPanel } from "./status.js";
import { SubscriptionsPanel } from "./subscriptions.js";

/** Milliseconds after which the page is at rest. */
const REST = 1_000;

// Seen when it is complete: fields that come one after the other would push each other about.
byId("page", HTMLElement).hidden = false;
const store = new ProfileStore();
const connections = new OpenConnections(store, async (question, signal) =>
  (await import("./ask.js")).ask(question, signal),
);
const resumption = new Resumption(connections, store);
const list = new ConnectionsPanel(connections, store);
const tabs = new ConnectionTabs(connections, store);
const chart = new ChartPanel(connections);
const publishForm = new PublishForm(connections);
new MessagesPanel(connections, {
  reply: (message) => publishForm.fill(message),
  draw: (topic, path) => chart.watch(topic, path),
});
const subscriptions = new SubscriptionsPanel(connections);
new StatusPanel(connections, store);
new LinkNotes(connections);
new NetworkPanel(connections);
const connectForm = new ConnectForm(connections, store);

const received = byId("meter-received", HTMLElement);
const perSecond = byId("meter-rate", HTMLElement);
const published = byId("meter-published", HTMLElement);

function showMeters(): void {
  const { log, link, rate: now } = connections.shown;
  setText(received, count(log.received));
  setText(perSecond, rate(now));
  setText(published, count(link.published));
}

setInterval(() => {
  connections.tick(performance.now());
  tabs.render();
  subscriptions.updateNumbers();
  showMeters();
}, 1_000);
connections.follow(() => {
  showMeters();
  return [];
});

addEventListener("hashchange", () => list.takeFromAddress());

const linked = list.takeFromAddress();
resumption.begin();
const demo = await demoBroker();
if (demo === undefined) {
  // Not in the demo, whose files come from the machine they are built on, where they change all the time.
  setTimeout(async () => (await import("./offline.js")).keepForOffline(), REST);
} else if (!linked) {
  demoProfile(store, demo);
  await connectForm.connect();
}
