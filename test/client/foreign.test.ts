import { createServer, type ServerResponse } from "node:http";
import { createSession } from "better-sse";
import { Bus } from "nightbus";
import { type ClientOptions, connect } from "nightbus/client";
import { mount } from "nightbus/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { listen, portOf } from "../http/servers.ts";
import { eventually } from "../support/eventually.ts";

const PATIENCE = 15_000;

/** A client, and all that it was told. */
function told(port: number, options: Partial<ClientOptions>) {
  const client = connect(`http://127.0.0.1:${port}`, { channels: ["a"], ...options });
  onTestFinished(() => client.close());
  const statuses: unknown[] = [];
  const messages: unknown[] = [];
  client.on("status", (status, reason) => statuses.push([status, reason?.code, reason?.status]));
  client.on("notification", ({ message }) => messages.push(message));
  return { client, statuses, messages };
}

describe("a stream of better-sse, which is none of a mount,", () => {
  /** A server that pushes what looks like notifications, and knows no other route. */
  async function serve(nameOf: (n: number) => readonly [event?: string, id?: string]): Promise<number> {
    const server = createServer(async (request, response) => {
      if (request.method !== "GET" || !request.url!.includes("/events")) {
        response.writeHead(404).end("nothing here");
        return;
      }
      const session = await createSession(request, response, { keepAlive: 20 });
      for (const n of [1, 2, 3]) session.push({ id: n, channel: "a", message: n }, ...nameOf(n));
    });
    onTestFinished(() => server.closeAllConnections());
    return portOf(server);
  }

  it.each<[string, (n: number) => readonly [event?: string, id?: string]]>([
    ["with ids of its own", () => []],
    ["with names and ids of its own", () => ["news"]],
    ["with numbers for ids", (n) => ["message", `${n}`]],
    ["with numbers for ids and no names", (n) => ["", `${n}`]],
  ])("%s is told as the reason of waiting, by each transport", async (_, nameOf) => {
    const port = await serve(nameOf);
    const [auto, events] = [told(port, {}), told(port, { transport: "events" })];
    await eventually(
      () => `clients say why they wait: ${JSON.stringify([auto.statuses, events.statuses])}`,
      () => auto.statuses.length > 0 && events.statuses.length > 0,
      PATIENCE,
    );
    expect(auto.statuses, "it polls instead, in vain").toEqual([["waiting", "http", 404]]);
    expect(events.statuses).toEqual([["waiting", "http", 200]]);
    expect([...auto.messages, ...events.messages]).toEqual([]);
  });
});

it("hears all over a broken connection by the fetch of Node, given as an option", async () => {
  const bus = new Bus();
  onTestFinished(() => bus.close());
  const onBus = mount(bus);
  const open = new Set<ServerResponse>();
  const port = await listen((request, response) => {
    open.add(response);
    response.once("close", () => open.delete(response));
    void onBus(request, response);
  });
  const asked: string[] = [];
  const { client, messages } = told(port, {
    fetch: (input, init) => {
      asked.push(String(input));
      return fetch(input, init);
    },
  });
  await eventually(
    () => "the client is live",
    () => client.status === "live",
    PATIENCE,
  );
  await bus.sendone("a", 1);
  await eventually(
    () => "the client hears 1",
    () => messages.length === 1,
    PATIENCE,
  );
  for (const response of open) response.destroy();
  await bus.sendone("a", 2);
  await eventually(
    () => "the client hears 2",
    () => messages.length >= 2,
    PATIENCE,
  );
  expect(messages).toEqual([1, 2]);
  expect(asked).toHaveLength(2);
});
