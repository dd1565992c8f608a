import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "vitest";
import { messagesOf } from "../../../src/testing/conformance/bus/topic.ts";
import { postgresRuns } from "../engines.ts";
import { keepYoung, trimTogether } from "../together.ts";
import { schemas } from "./schemas.ts";

postgresRuns(describe)("what is trimmed from the tables", () => {
  const schema = schemas();

  it("is nothing young, though one process's clock is a day ahead for a while", async () => {
    await keepYoung(schema().bus);
  });

  it("is nothing young, though the server's clock was a day ahead for a moment, and a process starts later", async () => {
    const { bus: open, client, name } = schema();
    const bus = open();
    await bus.sendone("a", "old");
    await (await client()).query(`update "${name}".nightbus_meta set at = at + 90000000`); // as a commit of that moment leaves it
    await bus.sendone("a", "ahead");
    for (const each of [bus, open()]) assert.deepEqual(messagesOf(await each.poll(["a"], 0, 0)), ["old", "ahead"]);
  });

  it("is every row of a channel whose name is as long as it may be, beside others", async () => {
    const { bus: open, client, name } = schema();
    const bus = open({ retention: { count: 1 } });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const longest = randomBytes(1_498).toString("base64url"); // nothing shortens it
    for (const step of [1, 2, 3]) for (const channel of [longest, "a"]) await bus.sendone(channel, step);
    await bus.close();
    const { rows } = await (await client()).query(`select count(*)::int as n from "${name}".nightbus_rows`);
    assert.deepEqual([rows[0].n, errors], [2, []]);
  });

  it("is the same for processes that trim at the same time", async () => {
    await trimTogether(schema().bus);
  });
});
