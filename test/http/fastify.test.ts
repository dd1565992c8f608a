import { createGunzip, gzipSync } from "node:zlib";
import Fastify, { type FastifyInstance } from "fastify";
import { expect, it, onTestFinished } from "vitest";
import type { Bus } from "../../src/bus.ts";
import { mount } from "../../src/http/fastify.ts";
import { Client, until } from "./conformance/client.ts";
import { openStream } from "./conformance/stream.ts";
import { portOf, startBus } from "./servers.ts";

async function start(bus: Bus, prepare: (app: FastifyInstance) => unknown): Promise<Client> {
  const app = Fastify();
  onTestFinished(() => app.close());
  prepare(app);
  await app.register(mount(bus, { maxBody: 1000 }), { prefix: "/longpolling" });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return new Client(`http://127.0.0.1:${await portOf(app.server)}/longpolling`);
}

it("leaves a path that is no route to the application's own answer, however long that takes", async () => {
  const { bus } = startBus();
  const client = await start(bus, (app) =>
    app.setNotFoundHandler(async (_, reply) => {
      await new Promise((resolve) => setImmediate(resolve));
      return reply.code(404).send({ theirs: true });
    }),
  );
  expect(await client.get("nothing")).toMatchObject({ status: 404, json: { theirs: true } });
  expect(await client.post("nothing", "{}")).toMatchObject({ status: 404, json: { theirs: true } });
});

const inflating = (app: FastifyInstance) =>
  app.addHook("preParsing", async (request, _, payload) =>
    request.headers["content-encoding"] === "gzip" ? payload.pipe(createGunzip()) : payload,
  );
const gzipped = (client: Client, body: Buffer<ArrayBuffer>) =>
  client.request("poll", {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
  });

it("reads the body that a preParsing hook makes of the client's", async () => {
  const { bus, errors } = startBus();
  const client = await start(bus, inflating);
  const id = await bus.sendone("x", 1);
  const reply = await gzipped(client, gzipSync(JSON.stringify({ channels: ["x"], last: id - 1 })));
  expect(reply).toMatchObject({ status: 200, json: { notifications: [{ id }] } });
  expect((await client.poll({ channels: ["x"], last: id - 1 })).status).toBe(200);
  const large = gzipSync(JSON.stringify({ channels: ["x".repeat(4000)] }));
  expect(await gzipped(client, large)).toMatchObject({ status: 413, json: { error: { code: "too_large" } } });
  expect(errors).toEqual([]);
});

it("refuses a body that a preParsing hook cannot make anything of", async () => {
  const { bus, errors } = startBus();
  const client = await start(bus, inflating);
  const reply = await gzipped(client, Buffer.from("this is not compressed"));
  expect(reply).toMatchObject({ status: 400, json: { error: { code: "bad_json" } } });
  expect(errors).toEqual([]);
});

it.each(["idle" as const, true])(
  "closes with streams and polls that wait, before the bus is closed, with forceCloseConnections: %s",
  async (force) => {
    const { bus } = startBus();
    const app = Fastify({ forceCloseConnections: force });
    await app.register(mount(bus), { prefix: "/longpolling" });
    await app.listen({ port: 0, host: "127.0.0.1" });
    const client = new Client(`http://127.0.0.1:${await portOf(app.server)}/longpolling`);
    await bus.ready();
    const held = [client.get(`poll?channels=a&last=${bus.last}`), client.poll({ params: { channels: [], last: 0 } })];
    const stream = await openStream(`${client.url}/events?channels=a`);
    const own = bus.poll(["a"], bus.last);
    await until(() => bus.waiting === 2 && stream.positions.length === 1);
    const began = performance.now();
    await app.close();
    expect(performance.now() - began).toBeLessThan(3_000);
    for (const { status } of await Promise.all(held)) expect(status).toBe(200);
    await until(() => stream.over);
    expect(bus.waiting, "the application's own goes on").toBe(1);
    await bus.sendone("a", 1);
    expect(await own).toHaveLength(1);
  },
);

it("answers past the onSend hooks of others, as its page says", async () => {
  const { bus } = startBus();
  let sent = 0;
  const client = await start(bus, (app) =>
    app.addHook("onSend", async (_, __, payload) => {
      sent += 1;
      return payload;
    }),
  );
  expect((await client.get("health")).status).toBe(200);
  expect(sent).toBe(0);
});

it("goes on after the end of another application with the same plugin", async () => {
  const { bus } = startBus();
  const plugin = mount(bus);
  const serve = async () => {
    const app = Fastify();
    onTestFinished(() => app.close());
    await app.register(plugin, { prefix: "/longpolling" });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { app, client: new Client(`http://127.0.0.1:${await portOf(app.server)}/longpolling`) };
  };
  const [first, second] = [await serve(), await serve()];
  await first.app.close();
  expect((await second.client.get("poll?channels=a&timeout=1")).status).toBe(200);
});
