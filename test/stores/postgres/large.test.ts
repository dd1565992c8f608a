import assert from "node:assert/strict";
import { Bus } from "nightbus";
import { postgres } from "nightbus/postgres";
import { describe, it, onTestFinished } from "vitest";
import { TcpProxy } from "../../system/cluster/proxy.ts";
import { DATABASE_URL, postgresRuns } from "../engines.ts";
import { schemas } from "./schemas.ts";

const COUNT = 14;
const RATE = 2_000_000;
const ENTRIES = Array.from({ length: COUNT }, (_, index) => ["a", `${index}`.padEnd(1_000_000, "x")] as const);

/** A bus behind a link that takes seven seconds for such a send. */
async function slow(schema: string): Promise<Bus> {
  const url = new URL(DATABASE_URL);
  const port = Number(url.port || 5432);
  const proxy = await TcpProxy.open(() => port);
  proxy.throttle(RATE);
  url.host = `127.0.0.1:${proxy.port}`;
  const bus = new Bus({ store: postgres(url.href, { schema }) });
  onTestFinished(async () => {
    await bus.close();
    await proxy.close();
  });
  return bus;
}

postgresRuns(describe)("a send that a link carries for longer than five seconds, on Postgres,", () => {
  const schema = schemas();

  it("is read once and whole, and what comes after it as well", async () => {
    const { name, bus: open } = schema();
    const writer = open();
    const errors: Error[] = [];
    const reader = await slow(name);
    reader.on("error", (error) => errors.push(error));
    await reader.ready();
    const { last } = reader;
    await writer.sendmany(ENTRIES);
    const next = await writer.sendone("a", "next");
    const found: unknown[] = [];
    for await (const { message } of reader.subscribe(["a"], { last })) {
      found.push(message);
      if (found.length === COUNT + 1) break;
    }
    assert.deepEqual(found, [...ENTRIES.map(([, message]) => message), "next"]);
    assert.deepEqual([reader.last, errors], [next, []]);
  });

  it("is committed and acknowledged", async () => {
    const { name, bus: open } = schema();
    const sender = await slow(name);
    const ids = await sender.sendmany(ENTRIES);
    assert.equal(ids.length, COUNT);
    assert.equal((await open().poll(["a"], 0, 0, { limit: 100 })).length, COUNT);
  });
});
