/** What the samples do: a message goes to the broker and comes back. */
export async function talk(connect) {
  const client = await connect(new URLSearchParams(location.search).get("broker"));
  const topic = `samples/${client.clientId}`;
  await client.subscribe(topic, { qos: 1 }, (message) => {
    document.title = message.text();
  });
  await client.publish(topic, "through", { qos: 1 });
}
