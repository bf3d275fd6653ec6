import Paho from "paho-mqtt";

const client = new Paho.Client(location.hash.slice(1), `panel-${Math.random()}`);
client.onMessageArrived = (message) => {
  document.title = `${message.destinationName}: ${message.payloadString}`;
};
client.connect({
  onSuccess() {
    performance.mark("connected");
    client.subscribe("home/+/temp", { qos: 1 });
    client.send("home/panel/state", "up", 1, true);
  },
});
