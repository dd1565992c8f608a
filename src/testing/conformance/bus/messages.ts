import assert from "node:assert/strict";
import type { Bus } from "../../../bus.ts";
import { failsWith, type Topic, turns } from "./topic.ts";

/** Messages are JSON, serialised at the send. */
export function messages({ it, over, largest }: Topic): void {
  it(
    "hands over what JSON.parse makes of a message",
    over({}, async ({ bus }) => {
      for (const message of [null, false, 0, "", "a", 1.5, [], {}, { a: [{ b: null }] }, "\u2028é\u0000\ud800"]) {
        assert.deepEqual(await arrives(bus, message), JSON.parse(JSON.stringify(message)));
      }
    }),
  );

  it(
    "hands over a Date as a string, and leaves out what JSON leaves out",
    over({}, async ({ bus }) => {
      const day = new Date(0);
      assert.deepEqual(await arrives(bus, { day, left: undefined }), { day: "1970-01-01T00:00:00.000Z" });
    }),
  );

  it(
    "keeps names that mean something to objects",
    over({}, async ({ bus }) => {
      const message: unknown = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
      assert.equal(JSON.stringify(await arrives(bus, message)), '{"__proto__":{"x":1},"constructor":2}');
    }),
  );

  it(
    "serialises during the call: a later change changes nothing",
    over({}, async ({ bus }) => {
      const message = { text: "sent" };
      const channel: [string, number] = ["a", 1];
      const one = bus.sendone(channel, message);
      const entries: [string, unknown][] = [["b", message]];
      const many = bus.sendmany(entries);
      message.text = "changed";
      channel[1] = 2;
      entries.push(["b", "added"]);
      await Promise.all([one, many]);
      const batch = await bus.poll(["b", ["a", 1], ["a", 2]], 0, 0);
      assert.deepEqual(
        batch.map((notification) => [notification.channel, notification.message]),
        [
          [["a", 1], { text: "sent" }],
          ["b", { text: "sent" }],
        ],
      );
    }),
  );

  it(
    "gives all readers of this process one parsed copy",
    over({}, async ({ bus }) => {
      await bus.sendone("a", { text: "once" });
      const [[one], [other]] = [await bus.poll(["a"], 0, 0), await bus.poll(["a", "b"], 0, 0)];
      assert.ok(one !== undefined && one === other);
    }),
  );

  it(
    "rejects what cannot be serialised, that send alone, and says what to do",
    over({}, async ({ bus }) => {
      const cyclic: Record<string, unknown> = {};
      cyclic["self"] = cyclic;
      const before = bus.last;
      const bad: readonly [unknown, string | RegExp][] = [
        [undefined, "got undefined; send null"],
        [() => 1, "got a function"],
        [Symbol("s"), "got Symbol(s)"],
        [1n, "BigInt"],
        [cyclic, /circular|cyclic/],
        [{ toJSON: () => assert.fail("its own reason") }, "its own reason"],
        [{ toJSON: throwing(Object.create(null)) }, "cannot be written so: {}"],
        [{ toJSON: throwing(Symbol("s")) }, "cannot be written so: Symbol(s)"],
        [{ toJSON: throwing({ toString: throwing("again"), toJSON: throwing("and again") }) }, "cannot be written so"],
      ];
      for (const [message, says] of bad) {
        const good = bus.sendone("a", "good");
        const error = await failsWith("bad_message", () => bus.sendone("a", message), says);
        assert.equal(error.refused, true);
        await good;
      }
      await turns();
      const batch = await bus.poll(["a"], before, 0);
      assert.deepEqual(
        batch.map(({ message }) => message),
        bad.map(() => "good"),
      );
    }),
  );

  it(
    "keeps what a message's failure was caused by",
    over({}, async ({ bus }) => {
      const cause = new Error("the reason");
      const message = {
        toJSON(): never {
          throw cause;
        },
      };
      assert.equal((await failsWith("bad_message", () => bus.sendone("a", message))).cause, cause);
    }),
  );

  it(
    "takes a message of exactly maxMessage bytes of text, and none that is longer",
    over({ maxMessage: 12 }, async ({ bus }) => {
      assert.equal(await arrives(bus, "0123456789"), "0123456789");
      assert.equal(await arrives(bus, "ééééé"), "ééééé");
      await failsWith("bad_message", () => bus.sendone("a", "0123456789x"), "12 bytes", "has 13");
      await failsWith("bad_message", () => bus.sendone("a", "éééééé"), "has 14");
    }),
  );

  it(
    "takes a message of 1 MiB of text if not told otherwise, or the most that the engine takes",
    over({}, async ({ bus }) => {
      const text = "x".repeat(2 ** 20 - 2);
      const taken = text.slice(0, largest - 2);
      assert.equal(await arrives(bus, taken), taken);
      await failsWith("bad_message", () => bus.sendone("a", `${text}x`));
    }),
  );
}

async function arrives(bus: Bus, message: unknown): Promise<unknown> {
  const id = await bus.sendone("messages", message);
  const [notification] = await bus.poll(["messages"], id - 1, 0);
  assert.equal(notification?.id, id);
  return notification?.message;
}

function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}
