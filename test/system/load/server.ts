// The server that is loaded: a bus on HTTP, which sends at a steady rate and in bursts. The server is forked, and obeys messages.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mount } from "../../../src/http/node.ts";
import { Bus } from "../../../src/index.ts";
import { type Asked, CHANNELS, FLOOD, type Message, type Told } from "./lines.ts";

const HOSTS = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
const FLOODING = "x".repeat(100_000);

process.once("disconnect", () => process.exit(1)); // the process that started it is gone

// The large messages are soon as many as are retained. The small ones are more than a reader lacks whom a busy machine
// lets wait for a connection.
const bus = new Bus<Record<string, Message>>({
  retention: { count: 100, of: (c) => (c === FLOOD ? { count: 300 } : {}) },
});
bus.on("error", (error) => {
  throw error;
});
const handler = mount(bus, { maxWaiting: 100_000, maxBuffered: 500_000 });
const servers = HOSTS.map((host) => createServer(handler).listen({ port: 0, host, backlog: 4_096 }));
await Promise.all(servers.map((server) => once(server, "listening")));

const counts: Record<string, number> = Object.fromEntries([...CHANNELS, FLOOD].map((channel) => [channel, 0]));
let sends = 0;
const sending = [
  setInterval(() => send(CHANNELS[sends % CHANNELS.length]!, "steady"), 100), // there are some
  setInterval(() => send(FLOOD, FLOODING), 100),
  setInterval(() => CHANNELS.forEach((channel) => void send(channel, "burst")), 10_000),
];

process.on("message", (asked: Asked) => void (asked === "stop" ? stop() : hold()));
tell({ addresses: servers.map((server) => addressOf(server.address() as AddressInfo)) }); // they listen on TCP

async function send(channel: string, text: string): Promise<void> {
  sends += 1;
  counts[channel]! += 1;
  await bus.sendone(channel, { n: counts[channel]!, text });
}

async function stop(): Promise<void> {
  for (const timer of sending) clearInterval(timer);
  for (const channel of Object.keys(counts)) await send(channel, "last");
  tell({ finals: { newest: bus.last, counts } });
}

function hold(): void {
  globalThis.gc!(); // the server runs with --expose-gc
  const { heapUsed, external } = process.memoryUsage();
  const kinds = process.getActiveResourcesInfo();
  const count = (kind: string) => kinds.filter((each) => each === kind).length;
  const holds = { bytes: heapUsed + external, waiting: bus.waiting, sockets: count("TCPSocketWrap"), sends };
  tell({ holds: { ...holds, timers: count("Timeout") } });
}

function tell(told: Told): void {
  process.send!(told); // the server is forked
}

function addressOf({ address, port }: AddressInfo): string {
  return `${address}:${port}`;
}
