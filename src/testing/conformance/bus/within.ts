import assert from "node:assert/strict";
import { failsWith, messagesOf, type Topic, until } from "./topic.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** Sends inside a transaction of the application. */
export function within({ it, over }: Topic, shared: boolean): void {
  it(
    "sends when the transaction commits, and not before",
    over({}, async ({ bus, begin }) => {
      const poll = bus.poll(["a", ["b", 1]], bus.last, FOREVER);
      const transaction = await begin();
      await bus.sendwithin(transaction.handle, [
        ["a", "first"],
        [["b", 1], "second"],
      ]);
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), []);
      await transaction.commit();
      const batch = await poll;
      assert.deepEqual(messagesOf(batch), ["first", "second"]);
      assert.equal(batch[1]?.id, batch[0]!.id + 1, "in one piece");
      assert.equal(batch.last, bus.last);
    }),
  );

  it(
    "sends nothing when it is rolled back",
    over({}, async ({ bus, begin }) => {
      const transaction = await begin();
      await bus.sendwithin(transaction.handle, [["a", "never"]]);
      await transaction.rollback();
      await bus.sendone("a", "else");
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), ["else"]);
    }),
  );

  it(
    "sends several in the order of the calls, each whole",
    over({ limit: 1 }, async ({ bus, begin }) => {
      const transaction = await begin();
      for (const name of ["one", "two", "three"]) {
        await bus.sendwithin(transaction.handle, [
          ["a", `${name} a`],
          ["a", `${name} b`],
        ]);
      }
      await transaction.commit();
      const seen: unknown[] = [];
      for (let last = bus.last - 7; seen.length < 6; ) {
        const batch = await bus.poll(["a"], seen.length === 0 ? 0 : last, FOREVER);
        assert.equal(batch.length, 2, "no answer ends inside a send");
        seen.push(...messagesOf(batch));
        last = batch.last;
      }
      assert.deepEqual(seen, ["one a", "one b", "two a", "two b", "three a", "three b"]);
    }),
  );

  it(
    "puts what was sent after the commit behind it, whichever way it was sent",
    over({}, async ({ bus, begin }) => {
      for (let round = 0; round < 5; round += 1) {
        await bus.sendone("a", `${round}: before`);
        const transaction = await begin();
        await bus.sendwithin(transaction.handle, [["a", `${round}: within`]]);
        await transaction.commit();
        const next = await begin();
        await bus.sendwithin(next.handle, [["a", `${round}: next`]]);
        await next.commit();
        await bus.sendone("a", `${round}: after`);
      }
      const expected = [0, 1, 2, 3, 4].flatMap((round) =>
        ["before", "within", "next", "after"].map((what) => `${round}: ${what}`),
      );
      assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), expected);
    }),
  );

  it(
    "refuses what is no open transaction, and sends nothing then",
    over({}, async ({ bus, begin }) => {
      for (const handle of [undefined, null, {}, "tx", () => {}]) {
        await failsWith("bad_transaction", () => bus.sendwithin(handle, [["a", 1]]), "sendwithin takes a");
      }
      const transaction = await begin();
      await transaction.rollback();
      await failsWith("bad_transaction", () => bus.sendwithin(transaction.handle, [["a", 1]]), "inside a transaction");
      assert.deepEqual(await bus.poll(["a"], 0, 0), []);
    }),
  );

  it(
    "throws what is wrong with the entries during the call, and has written nothing then",
    over({}, async ({ bus, begin }) => {
      const transaction = await begin();
      const entries = [
        ["a", 1],
        ["a", undefined],
      ] as const;
      assert.throws(() => bus.sendwithin(transaction.handle, entries), { code: "bad_message" });
      assert.equal(await bus.sendwithin(transaction.handle, []), undefined);
      await transaction.commit();
      await bus.close();
      assert.throws(() => bus.sendwithin(transaction.handle, [["a", 1]]), { code: "closed" });
    }),
  );

  if (!shared) return;
  it(
    "is heard by every bus on the log, once",
    over({}, async ({ bus, open, begin }) => {
      const other = open();
      await other.ready();
      const heard: Record<"here" | "there", unknown[]> = { here: [], there: [] };
      bus.on("notification", ({ message }) => heard.here.push(message));
      other.on("notification", ({ message }) => heard.there.push(message));
      for (let step = 0; step < 5; step += 1) {
        const transaction = await begin();
        await bus.sendwithin(transaction.handle, [["a", step]]);
        await transaction.commit();
      }
      await until(() => heard.here.length >= 5 && heard.there.length >= 5, "both hear of it");
      await Promise.all([bus.sendone("a", "end"), until(() => heard.there.includes("end"), "the end is heard")]);
      assert.deepEqual(heard.here, [0, 1, 2, 3, 4, "end"]);
      assert.deepEqual(heard.there, heard.here);
    }),
  );
}
