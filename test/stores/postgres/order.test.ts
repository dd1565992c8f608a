import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { postgresRuns } from "../engines.ts";
import { schemas } from "./schemas.ts";

const FOREVER = Number.POSITIVE_INFINITY;

postgresRuns(describe)("the order of commits on Postgres", () => {
  const schema = schemas();

  it("is not that of a sequence: whoever reads by one loses what a slow transaction commits late", async () => {
    const { name, bus, client } = schema();
    await bus().ready(); // which makes the schema
    const [slow, fast] = [await client(), await client()];
    await fast.query(`create table "${name}".naive (id bigserial primary key, message text)`);
    const insert = `insert into "${name}".naive (message) values ($1)`;
    await slow.query("begin");
    await slow.query(insert, ["slow"]);
    await fast.query(insert, ["fast"]);
    const read = async (last: number): Promise<readonly { id: string; message: string }[]> =>
      (await fast.query(`select * from "${name}".naive where id > $1 order by id`, [last])).rows;
    const [first] = await read(0);
    await slow.query("commit");
    assert.deepEqual([first?.message, await read(Number(first?.id))], ["fast", []], "the slow one is never seen");
  });

  it("loses nothing to a slow transaction that wrote first and commits last", async () => {
    const { bus: open, client } = schema();
    const bus = open();
    await bus.ready();
    const [slow, fast] = [await client(), await client()];
    await slow.query("begin");
    await bus.sendwithin(slow, [["a", "slow"]]);
    await fast.query("begin");
    await bus.sendwithin(fast, [["a", "fast"]]);
    const { last: before } = bus;
    await fast.query("commit");
    const first = await bus.poll(["a"], before, FOREVER);
    await bus.sendone("a", "direct");
    await slow.query("commit");
    const rest: unknown[] = [];
    for (let last = first.last; rest.length < 2; ) {
      const batch = await bus.poll(["a"], last, FOREVER);
      rest.push(...messagesOf(batch));
      last = batch.last;
    }
    assert.deepEqual([messagesOf(first), rest], [["fast"], ["direct", "slow"]]);
  });

  it("does not hold up other sends while a transaction with a notification in it is open", async () => {
    const { bus: open, client } = schema();
    const bus = open();
    await bus.ready();
    const slow = await client();
    await slow.query("begin");
    await bus.sendwithin(slow, [["a", "slow"]]);
    for (let step = 0; step < 20; step += 1) await bus.sendone("a", step);
    assert.equal((await bus.poll(["a"], 0, 0)).length, 20);
    await slow.query("rollback");
  });

  it("has what was written within a transaction whose process is gone: others commit it, at once or when they open", async () => {
    const { bus: open, client } = schema();
    const [author, other] = [open(), open()];
    await Promise.all([author.ready(), other.ready()]);
    const [first, second] = [await client(), await client()];
    for (const [each, message] of [
      [first, "first"],
      [second, "second"],
    ] as const) {
      await each.query("begin");
      await author.sendwithin(each, [["a", message]]);
    }
    await author.close();
    const poll = other.poll(["a"], other.last, FOREVER);
    await first.query("commit");
    const batch = await poll;
    assert.deepEqual(messagesOf(batch), ["first"]);
    await other.close();
    await second.query("commit");
    assert.deepEqual(messagesOf(await open().poll(["a"], batch.last, FOREVER)), ["second"]);
  });

  it("is one over the sends of several buses and the transactions of an application, each send whole and once", async () => {
    const { bus: open, client } = schema();
    const buses = [open(), open(), open()];
    const clients = [await client(), await client(), await client()];
    await Promise.all(buses.map((bus) => bus.ready()));
    const heard: number[][] = buses.map(() => []);
    for (const [index, bus] of buses.entries()) bus.on("notification", ({ id }) => heard[index]!.push(id));
    const pair = (name: string) =>
      [
        ["a", name],
        ["b", name],
      ] as const;
    await Promise.all(
      buses.map(async (bus, index) => {
        for (let step = 0; step < 15; step += 1) {
          await bus.sendmany(pair(`sent ${index} ${step}`));
          await clients[index]!.query("begin");
          await bus.sendwithin(clients[index], pair(`within ${index} ${step}`));
          await clients[index]!.query(step % 5 === 4 ? "rollback" : "commit");
        }
      }),
    );
    const sends = 3 * (15 + 12);
    await until(() => heard.every((ids) => ids.length === sends * 2), "every bus hears everything");
    assert.deepEqual(heard[1], heard[0]);
    assert.deepEqual(heard[2], heard[0]);
    const all = await buses[0]!.poll(["a", "b"], 0, 0);
    const names = messagesOf(all).filter((_, index) => index % 2 === 0);
    assert.deepEqual(
      messagesOf(all).filter((_, index) => index % 2 === 1),
      names,
      "each send in one piece",
    );
    assert.equal(new Set(names).size, sends, "each once");
    for (const index of [0, 1, 2]) {
      const own = names.filter((name) => String(name).split(" ")[1] === String(index));
      const steps = own.map((name) => Number(String(name).split(" ")[2]));
      assert.deepEqual(
        steps,
        [...steps].sort((one, other) => one - other),
        "what was written after a commit comes after it",
      );
    }
  });
});
