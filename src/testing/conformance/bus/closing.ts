import assert from "node:assert/strict";
import { failsWith, messagesOf, type Topic, turns } from "./topic.ts";

const FOREVER = Number.POSITIVE_INFINITY;

/** The end of a bus. */
export function closing({ it, over }: Topic): void {
  it(
    "answers every parked poll with an empty batch",
    over({}, async ({ bus }) => {
      const end = new AbortController();
      const polls = [
        bus.poll(["a"], bus.last, FOREVER),
        bus.poll(["a", "b"], 0, 60_000, { signal: end.signal }),
        bus.poll([["c", 1]], bus.last),
      ];
      await turns();
      await bus.close();
      for (const poll of polls) {
        const batch = await poll;
        assert.deepEqual([batch, batch.last, batch.missed], [[], bus.last, false]);
      }
      assert.equal(bus.waiting, 0);
      end.abort();
    }),
  );

  it(
    "answers also the polls that were called before it and had not been parked yet",
    over({}, async ({ bus, open }) => {
      const future = bus.poll(["a"], bus.last + 1, FOREVER);
      await bus.close();
      assert.deepEqual(await future, []);
      const opening = open();
      const early = opening.poll(["a"], 0, FOREVER);
      await opening.close();
      assert.deepEqual(await early, []);
      assert.equal(opening.waiting, 0);
    }),
  );

  it(
    "commits what was queued, and hands it to those who wait",
    over({}, async ({ bus }) => {
      const parked = bus.poll(["a"], bus.last, FOREVER);
      await turns();
      const sends = [
        bus.sendone("a", 1),
        bus.sendmany([
          ["a", 2],
          ["a", 3],
        ]),
      ];
      const closed = bus.close();
      const ids = (await Promise.all(sends)).flat();
      assert.equal(ids.length, 3);
      await closed;
      const batch = await parked;
      assert.deepEqual([messagesOf(batch), batch.last, bus.last], [[1, 2, 3], ids[2], ids[2]]);
    }),
  );

  it(
    "commits what was queued before the bus was ready",
    over({}, async ({ bus, open }) => {
      await bus.close();
      const again = open();
      const sent = again.sendone("a", 1);
      await again.close();
      assert.equal(await sent, again.last);
    }),
  );

  it(
    "rejects what is called after it",
    over({}, async ({ bus }) => {
      await bus.sendone("a", 1);
      const closed = bus.close();
      const later = async (): Promise<void> => {
        await failsWith("closed", () => bus.sendone("a", 1), "the bus is closed");
        await failsWith("closed", () => bus.sendmany([["a", 1]]));
        await failsWith("closed", () => bus.sendmany([]));
        await failsWith("closed", () => bus.poll(["a"], 0, 0));
        await failsWith("closed", () => bus.poll(["a"], bus.last, 10));
        await failsWith("closed", () => bus.poll(["a"], bus.last + 1, 10));
        await failsWith("closed", () => bus.recent(["a"], 1));
        await failsWith("closed", () => bus.subscribe(["a"]));
        await failsWith("closed", () => bus.ready());
      };
      await later();
      await closed;
      await later();
    }),
  );

  it(
    "may be called twice, at once and later, and is awaited by `await using`",
    over({}, async ({ bus }) => {
      await Promise.all([bus.close(), bus.close(), bus[Symbol.asyncDispose]()]);
      await bus.close();
    }),
  );

  it(
    "may be called by a listener, and while the bus opens",
    over({}, async ({ bus, open }) => {
      const closes: Promise<void>[] = [];
      bus.on("notification", () => closes.push(bus.close()));
      await Promise.all([bus.sendone("a", 1), bus.sendone("a", 2)]);
      assert.equal(closes.length, 2);
      await Promise.all(closes);
      await open().close();
    }),
  );
}
