import { ack, connect, publish, subscribe } from "../sources/packets.mjs";

const socket = new WebSocket(location.hash.slice(1), "mqtt");
socket.binaryType = "arraybuffer";
socket.onopen = () => socket.send(connect(`panel-${Math.random()}`));
socket.onmessage = ({ data }) => {
  const bytes = new Uint8Array(data);
  if (bytes[0] === 0x20) {
    performance.mark("connected");
    socket.send(subscribe(1, ["home/+/temp"], 1));
    socket.send(publish("home/panel/state", new TextEncoder().encode("up"), 1, 2));
  } else if (bytes[0] >> 4 === 3) {
    const end = 4 + bytes[3];
    document.title = new TextDecoder().decode(bytes.subarray(4, end));
    if (bytes[0] & 6) socket.send(ack(0x40, (bytes[end] << 8) | bytes[end + 1]));
  }
};
