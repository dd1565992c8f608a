import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Bus, type BusOptions } from "nightbus";
import { mount } from "nightbus/node";

const CLIENT = fileURLToPath(new URL("../../dist/client.js", import.meta.url));
const PAGE = `<!doctype html><title>nightbus</title>
<script type="module">import * as nightbus from "/client.js"; window.nightbus = nightbus;</script>`;

/** A server with a page on which `nightbus` is the client's module, and with a mount at `/bus`. */
export interface PageServer {
  readonly bus: Bus;
  readonly url: string;
  /** The streams that are open. */
  readonly streams: number;
  /** The channels that these ask for, in an address. */
  readonly reading: readonly string[];
  close(): Promise<void>;
}

/** Starts one, on a free port or on one that was used before. */
export async function servePage(options: BusOptions = {}, heartbeat = 15_000, port = 0): Promise<PageServer> {
  const bus = new Bus(options);
  await bus.ready();
  const onBus = mount(bus, {
    prefix: "/bus",
    heartbeat,
    send: (entries) => entries.every(([channel]) => channel !== "closed"),
  });
  const streams = new Map<object, readonly string[]>();
  const server: Server = createServer((request, response) => {
    if (request.url?.startsWith("/bus/events")) {
      streams.set(response, new URL(request.url, "http://bus").searchParams.getAll("channels"));
      response.once("close", () => streams.delete(response));
    }
    void onBus(request, response, () => {
      const [type, body] =
        request.url === "/client.js" ? ["text/javascript", readFileSync(CLIENT)] : ["text/html", PAGE];
      response.writeHead(200, { "Content-Type": type }).end(body);
    });
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    bus,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get streams() {
      return streams.size;
    },
    get reading() {
      return [...streams.values()].flat();
    },
    async close() {
      await bus.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
