import assert from "node:assert/strict";
import { messagesOf, type Topic, until } from "./topic.ts";

/** The events of a bus. */
export function events({ it, over }: Topic): void {
  it(
    "emits every notification that is committed, in order, of all channels",
    over({}, async ({ bus }) => {
      const seen: unknown[] = [];
      bus.on("notification", (notification) => seen.push(notification));
      const sends = Array.from({ length: 30 }, (_, step) =>
        bus.sendmany([
          ["a", step],
          [["b", step], step],
        ]),
      );
      const ids = (await Promise.all(sends)).flat();
      assert.deepEqual(
        seen,
        ids.map((id, index) => {
          const step = Math.floor(index / 2);
          return { id, channel: index % 2 === 0 ? "a" : ["b", step], message: step };
        }),
      );
    }),
  );

  it(
    "emits what is committed from now on, and nothing older",
    over({}, async ({ bus }) => {
      await bus.sendone("a", "old");
      const seen: unknown[] = [];
      const note = ({ message }: { readonly message: unknown }): void => void seen.push(message);
      bus.on("notification", note);
      await bus.sendone("a", "new");
      bus.off("notification", note);
      await bus.sendone("a", "later");
      assert.deepEqual(seen, ["new"]);
    }),
  );

  it(
    "has committed what it emits",
    over({}, async ({ bus }) => {
      const answers: Promise<readonly { readonly id: number }[]>[] = [];
      bus.on("notification", ({ id }) => {
        assert.ok(bus.last >= id);
        answers.push(bus.poll(["a"], id - 1, 0, { limit: 1 }));
      });
      const errors: unknown[] = [];
      bus.on("error", (error) => errors.push(error));
      const ids = await bus.sendmany([
        ["a", 1],
        ["a", 2],
      ]);
      await bus.sendone("a", 3);
      const batches = await Promise.all(answers);
      assert.deepEqual(
        batches.map((batch) => batch[0]?.id),
        [...ids, ids[1]! + 1],
      );
      assert.deepEqual(errors, []);
    }),
  );

  it(
    "lets a listener that throws stop neither the others, nor the sender, nor the readers, and reports it",
    over({}, async ({ bus }) => {
      const reason = new Error("the listener's own");
      const [errors, seen]: [unknown[], unknown[]] = [[], []];
      bus.on("error", (error) => errors.push(error));
      bus.on("notification", () => {
        throw reason;
      });
      bus.on("notification", ({ message }) => seen.push(message));
      const parked = bus.poll(["a"], bus.last, Number.POSITIVE_INFINITY);
      await bus.sendmany([
        ["a", 1],
        ["a", 2],
      ]);
      assert.deepEqual(seen, [1, 2]);
      assert.deepEqual(errors, [reason, reason]);
      assert.deepEqual(messagesOf(await parked), [1, 2]);
    }),
  );

  it(
    "reports what is thrown as an Error, whatever it was",
    over({}, async ({ bus }) => {
      const errors: Error[] = [];
      bus.on("error", (error) => errors.push(error));
      bus.once("notification", () => {
        throw "a string"; // a listener may throw
      });
      await bus.sendone("a", 1);
      assert.ok(errors[0] instanceof Error);
      assert.deepEqual([errors.length, errors[0].cause], [1, "a string"]);
    }),
  );

  it(
    "does not end the process by an error that nobody listens to, nor by an error listener that throws",
    over({}, async ({ bus }) => {
      bus.on("notification", () => {
        throw new Error("nobody listens");
      });
      await bus.sendone("a", 1);
      bus.on("error", () => {
        throw new Error("no more");
      });
      let heard = 0;
      bus.on("error", () => {
        heard += 1;
      });
      await bus.sendone("a", 2);
      assert.equal(heard, 1);
      assert.equal(bus.emit("error", new Error("the application's")), true);
      assert.equal(heard, 2);
    }),
  );

  it(
    "lets a listener send and poll",
    over({}, async ({ bus }) => {
      const seen: unknown[] = [];
      bus.on("notification", ({ message }) => {
        seen.push(message);
        if (typeof message === "number" && message < 3) void bus.sendone("a", message + 1);
      });
      await bus.sendone("a", 1);
      await until(() => seen.length === 3, "each is heard");
      const batch = await bus.poll(["a"], 0, 0);
      assert.deepEqual(messagesOf(batch), [1, 2, 3]);
      assert.deepEqual(seen, [1, 2, 3]);
    }),
  );

  it(
    "emits close once, when it has closed",
    over({}, async ({ bus }) => {
      let closes = 0;
      bus.on("close", () => {
        closes += 1;
      });
      const closed = bus.close();
      assert.equal(closes, 0);
      await closed;
      await bus.close();
      assert.equal(closes, 1);
    }),
  );
}
