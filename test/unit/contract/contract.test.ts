import assert from "node:assert/strict";
import { type } from "arktype";
import { Schema as Effect } from "effect";
import fc from "fast-check";
import { Bus, BusError } from "nightbus";
import { presence } from "nightbus/presence";
import { sqlite } from "nightbus/sqlite";
import { type FakeBus, fakeBus } from "nightbus/testing";
import * as valibot from "valibot";
import { describe, it } from "vitest";
import { z } from "zod";
import { failsWith, isPending, messagesOf, turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { gate } from "../../support/doubles.ts";

/** The same contract in four libraries: a text of at most five letters, which is trimmed or made upper case. */
const LIBRARIES = {
  Zod: z.object({ text: z.string().max(5) }),
  Valibot: valibot.object({ text: valibot.pipe(valibot.string(), valibot.maxLength(5)) }),
  ArkType: type({ text: "string <= 5" }),
  Effect: Effect.toStandardSchemaV1(Effect.Struct({ text: Effect.String.check(Effect.isMaxLength(5)) })),
};

describe.each(Object.entries(LIBRARIES))("a contract of %s", (_name, schema) => {
  it("lets a right message through, and refuses a wrong one alone, with the place of each issue", async () => {
    await using bus = new Bus({ channels: { lobby: schema } });
    const right = bus.sendone("lobby", { text: "hello" });
    const error = await failsWith("bad_message", () => bus.sendone("lobby", { text: "too long" }), "lobby", "text");
    assert.deepEqual(
      error.issues?.map(({ path }) => path),
      [["text"]],
    );
    assert.ok(error.issues?.every(({ message }) => message.length > 0));
    assert.deepEqual(messagesOf(await bus.poll(["lobby"], 0, 0)), [{ text: "hello" }]);
    assert.equal(await right, bus.last);
  });
});

describe("a contract for channels", () => {
  it("sends the value of the schema: the output is what readers get", async () => {
    await using bus = new Bus({
      channels: { lobby: z.object({ text: z.string().trim(), at: z.string().transform(Number) }) },
    });
    await bus.sendone(["lobby", 7], { text: " hello ", at: "12" });
    const [notification] = await bus.poll([["lobby", 7]], 0, 0);
    assert.deepEqual(notification?.message, { text: "hello", at: 12 });
  });

  it("refuses a name without a schema, unless one stands for all names", async () => {
    await using strict = new Bus({ channels: { lobby: z.string() } });
    // @ts-expect-error: no schema has this name
    await failsWith("bad_channel", () => strict.sendone("loby", "hi"), '"loby"', '"lobby"');
    // @ts-expect-error: an inherited property is no schema
    await failsWith("bad_channel", () => strict.sendone("constructor", "hi"));
    await using open = new Bus({ channels: { lobby: z.string(), "*": z.number() } });
    await open.sendone("other", 1);
    // @ts-expect-error: the schema of all other names takes numbers
    await failsWith("bad_message", () => open.sendone("other", "one"));
    await failsWith("bad_message", () => open.sendmany([["lobby", 1 as never]]), "lobby");
  });

  it("leaves presence alone, and refuses sends to its channels as to any other without a schema", async () => {
    const bus: Bus = new Bus({ channels: { lobby: z.string() } }) as never; // the calls below do not compile otherwise
    const here = presence(bus, { member: () => undefined });
    const changes = bus.poll([["presence", "lobby"]], bus.last);
    here.join({ id: 3 }, ["lobby"]);
    assert.match(JSON.stringify(messagesOf(await changes)), /"joins":\[{"id":3,/);
    for (const channel of ["presence", ["presence", "lobby"], ["nightbus.presence"], "nightbus.other"] as const) {
      await failsWith("bad_channel", () => bus.sendone(channel, { joins: [] }), "no schema");
    }
    await bus.close();
  });

  it("sends none of the entries if one breaks its schema", async () => {
    await using bus = new Bus({ channels: { a: z.number(), b: z.string() } });
    const entries = [
      ["a", 1],
      ["b", 2],
    ] as never;
    await failsWith("bad_message", () => bus.sendmany(entries));
    assert.deepEqual([...(await bus.poll(["a", "b"], 0, 0))], []);
  });

  it("hears of no other entry once one is wrong", async () => {
    const late = gate();
    const slow = schemaOf(() => late.promise.then(() => ({ issues: [{ message: "wrong as well" }] })));
    await using bus = new Bus({ channels: { slow, b: z.string() } });
    await failsWith(
      "bad_message",
      () =>
        bus.sendmany([
          ["slow", 1],
          ["b", 2 as never],
        ]),
      '"b"',
    );
    late.resolve();
    await turns();
  });

  it("reads what was sent before there was a contract", async () => {
    await using bus = fakeBus({ channels: { lobby: z.string() } });
    bus.receive("lobby", "stored");
    const any = bus as unknown as FakeBus;
    any.receive("old", { any: 1 });
    assert.deepEqual(messagesOf(await any.poll(["lobby", "old"], 0, 0)), ["stored", { any: 1 }]);
  });

  it("names at most a hundred issues, and says how many there are", async () => {
    await using bus = new Bus({ channels: { list: z.array(z.number()) } });
    const error = await failsWith("bad_message", () => bus.sendone("list", Array(1_000).fill("x")), "and 999 more");
    assert.equal(error.issues?.length, 100);
  });

  it.each([
    [null, "an object of schemas"],
    ["lobby", "an object of schemas"],
    [{ lobby: {} }, '"lobby"'],
    [{ lobby: () => true }, '"lobby"'],
    [{ lobby: { "~standard": { version: 2, validate: () => {} } } }, '"lobby"'],
  ])("refuses %j as schemas", (channels, says) => {
    assert.throws(
      () => new Bus({ channels } as never),
      (error: BusError) => error.code === "bad_option" && error.message.includes(says),
    );
  });

  it("refuses a message whose schema answers with no result", async () => {
    const answers = [undefined, null, 5, { issues: "no list" }, { issues: null }, { issues: [null] }];
    for (const answer of [...answers, ...answers.map((each) => Promise.resolve(each))]) {
      const schema = { "~standard": { version: 1, vendor: "broken", validate: () => answer } };
      const bus = new Bus({ channels: { lobby: schema as never } });
      await assert.rejects(bus.sendone("lobby" as never, 1 as never), {
        code: "bad_message",
        message: /must answer as Standard Schema does/,
      });
      await bus.close();
    }
  });

  it("says that a schema threw, and keeps its error as the cause", async () => {
    const cause = new Error("no database");
    await using bus = new Bus({
      channels: {
        a: schemaOf(() => {
          throw cause;
        }),
      },
    });
    const error = await failsWith("bad_message", () => bus.sendone("a", 1), '"a"');
    assert.equal(error.cause, cause);
    assert.deepEqual([error.issues, error.unavailable], [undefined, true]);
  });
});

describe("a schema that waits", () => {
  it("is told apart from its own errors, also from those of another bus", async () => {
    const cause = new BusError("bad_channel", "of another bus");
    await using bus = new Bus({ channels: { a: schemaOf(() => Promise.reject(cause)) } });
    const error = await failsWith("bad_message", () => bus.sendone("a", 1), "threw");
    assert.deepEqual([error.cause, error.unavailable], [cause, true]);
  });

  it("keeps the order of the calls, and rejects a wrong message alone", async () => {
    const gates = new Map(["slow", "wrong", "quick"].map((word) => [word, gate()]));
    const slow = z.string().refine(async (word) => {
      await gates.get(word)?.promise;
      return word !== "wrong";
    });
    await using bus = new Bus({ channels: { a: slow, b: z.number() } });
    const sends = [bus.sendone("b", 0), bus.sendone("a", "slow"), bus.sendone("a", "wrong"), bus.sendone("b", 1)];
    sends.push(bus.sendone("a", "quick"), bus.sendone("b", 2));
    const settled = Promise.allSettled(sends);
    gates.get("quick")!.resolve();
    gates.get("wrong")!.resolve();
    await sends[0];
    assert.ok(await isPending(sends[3]!), "a later send waits behind it");
    gates.get("slow")!.resolve();
    await failsWith("bad_message", () => sends[2]);
    assert.deepEqual(messagesOf(await bus.poll(["a", "b"], 0, 0)), [0]);
    await settled;
    assert.deepEqual(messagesOf(await bus.poll(["a", "b"], 0, 0)), [0, "slow", 1, "quick", 2]);
  });

  it("leaves no entry beside it, and no channel, open to later changes", async () => {
    const waiting = gate();
    const slow = schemaOf(async (value) => {
      await waiting.promise;
      return { value };
    });
    await using bus = new Bus({ channels: { slow, quick: schemaOf((value) => ({ value })) } });
    const message = { text: "sent" };
    const [quick, later]: [["quick", number], ["slow", number]] = [
      ["quick", 7],
      ["slow", 7],
    ];
    const sent = bus.sendmany([
      [later, 1],
      [quick, message],
    ]);
    message.text = "changed";
    [quick[1], later[1]] = [8, 8];
    waiting.resolve();
    await sent;
    assert.deepEqual(messagesOf(await bus.poll([["quick", 7]], 0, 0)), [{ text: "sent" }]);
    assert.deepEqual(messagesOf(await bus.poll([["slow", 7]], 0, 0)), [1]);
  });

  it("gets a copy that is taken at the call", async () => {
    const waiting = gate();
    const schema = z.object({ text: z.string() }).refine(async () => {
      await waiting.promise;
      return true;
    });
    await using bus = new Bus({ channels: { a: schema } });
    for (const _time of ["at first", "once it is known to wait"]) {
      const message = { text: "sent" };
      const sent = bus.sendone("a", message);
      message.text = "changed";
      waiting.resolve();
      await sent;
    }
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [{ text: "sent" }, { text: "sent" }]);
  });

  it("is given up after ten seconds, so that later sends go on", async () => {
    const clock = new ManualClock();
    await using bus = new Bus({ clock, channels: { a: schemaOf(() => new Promise(() => {})), b: z.number() } });
    const stuck = bus.sendone("a", 1);
    const next = bus.sendone("b", 2);
    stuck.catch(() => {});
    await clock.advance(9_999);
    assert.ok(await isPending(stuck));
    await clock.advance(1);
    assert.equal((await failsWith("bad_message", () => stuck, "10 s")).unavailable, true);
    assert.equal(await next, bus.last);
  });

  it("is awaited by close(), which commits what was sent before", async () => {
    const waiting = gate();
    const bus = new Bus({ channels: { a: z.string().refine(() => waiting.promise.then(() => true)) } });
    const sent = bus.sendone("a", "before the end");
    const closing = bus.close();
    await failsWith("closed", () => bus.sendone("a", "after"));
    waiting.resolve();
    assert.equal(typeof (await sent), "number");
    await closing;
  });

  it("is refused by sendwithin on SQLite, which writes during the call", async () => {
    const store = sqlite(":memory:");
    const channels = { a: z.number().refine(async () => true), b: z.number().transform(String) };
    await using bus = new Bus({ store, channels });
    await bus.ready();
    assert.throws(() => bus.sendwithin({}, [["a", 1]]), { code: "bad_message" });
    assert.throws(() => bus.sendwithin({}, [["b", 1]]), { code: "bad_transaction" });
  });

  it("keeps the order and the wholeness of sends, whichever of them wait and in which order they are settled", async () => {
    const step = fc.record({ sizes: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.array(fc.nat(1_000)), async (steps, order) => {
        const gates: ReturnType<typeof gate>[] = [];
        const waits = schemaOf(async (value) => {
          const own = gate();
          gates.push(own);
          await own.promise;
          return Object(value).fails ? { issues: [{ message: "wrong" }] } : { value };
        });
        await using bus = new Bus({ channels: { waits, not: schemaOf((value) => ({ value })) } });
        const sends = steps.map(({ sizes, fails }, send) =>
          bus.sendmany(
            sizes.map((waits) => [(waits ? "waits" : "not") as "waits", { send, fails: fails && waits }] as const),
          ),
        );
        const settled = Promise.allSettled(sends);
        for (const pick of [...order, ...Array(100).fill(0)]) {
          for (const own of gates.splice(pick % Math.max(gates.length, 1), 1)) own.resolve();
          await Promise.resolve();
        }
        await settled;
        const expected = steps.flatMap(({ sizes, fails }, send) =>
          sizes.some((waits) => waits && fails) ? [] : sizes.map(() => send),
        );
        const read = messagesOf(await bus.poll(["waits", "not"], 0, 0)) as { send: number }[];
        assert.deepEqual(
          read.map(({ send }) => send),
          expected,
        );
      }),
    );
  });
});

/** A schema of no library. */
function schemaOf(validate: (value: unknown) => unknown): z.ZodType<unknown, unknown> {
  return { "~standard": { version: 1, vendor: "test", validate } } as never; // the bus reads nothing else
}
