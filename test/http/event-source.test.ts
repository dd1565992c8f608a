import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { EventSource } from "eventsource";
import { Bus } from "nightbus";
import { mount } from "nightbus/node";
import { sqlite } from "nightbus/sqlite";
import { expect, it } from "vitest";
import { temporaryFiles } from "../stores/files.ts";
import { until } from "./conformance/client.ts";

const newPath = temporaryFiles();

it("carries an EventSource over a restart of the server, with nothing lost and nothing twice", async () => {
  const path = newPath();
  let served = await serve(path, 0);
  const source = new EventSource(`http://127.0.0.1:${served.port}/events?channels=a`);
  const heard: unknown[] = [];
  source.onmessage = ({ data }) => heard.push(JSON.parse(data).message);
  await until(() => source.readyState === source.OPEN);
  await served.bus.sendone("a", 1);
  await until(() => heard.length === 1);
  await served.close();
  const offline = new Bus({ store: sqlite(path) });
  await offline.sendone("a", 2);
  await offline.close();
  served = await serve(path, served.port);
  await served.bus.sendone("a", 3);
  await until(() => heard.length >= 3);
  await served.bus.sendone("a", 4);
  await until(() => heard.length >= 4);
  expect(heard).toEqual([1, 2, 3, 4]);
  source.close();
  await served.close();
});

it("comes back to a mount that was full, hears nothing meanwhile, and is told nothing but notifications", async () => {
  const bus = new Bus();
  const [full, open] = [mount(bus, { maxWaiting: 0 }), mount(bus, { heartbeat: 10 })];
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    return asked === 1 ? full(request, response) : open(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const source = new EventSource(`http://127.0.0.1:${port}/events?channels=a`);
  const heard: unknown[] = [];
  const positions: unknown[] = [];
  source.onmessage = ({ data }) => heard.push(JSON.parse(data).message);
  source.addEventListener("position", ({ data }) => positions.push(JSON.parse(data)));
  await until(() => positions.length > 3);
  expect(asked).toBe(2);
  await bus.sendone("a", 1);
  await until(() => heard.length > 0);
  expect(heard).toEqual([1]);
  expect(positions[0]).toEqual({ last: expect.any(Number), heartbeat: 10 });
  source.close();
  await bus.close();
  await new Promise((resolve) => server.close(resolve));
});

interface Served {
  readonly bus: Bus;
  readonly port: number;
  close(): Promise<void>;
}

async function serve(path: string, port: number): Promise<Served> {
  const bus = new Bus({ store: sqlite(path) });
  await bus.ready();
  const server: Server = createServer(mount(bus)).listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = async (): Promise<void> => {
    await bus.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { bus, port: (server.address() as AddressInfo).port, close };
}
