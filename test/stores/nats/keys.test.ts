import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { type KeptKey, StreamKeys } from "../../../src/stores/nats/keys.ts";
import { committedKeys, readKeys, type SentKeys, writeKeys } from "../../../src/stores/nats/sent-keys.ts";
import { packSends } from "../../../src/stores/nats/wire.ts";
import { unpack } from "../../../src/stores/shared/packed.ts";
import { failsWith, messagesOf, until } from "../../../src/testing/conformance/bus/topic.ts";
import { natsRuns } from "../engines.ts";
import { asking, streams } from "./streams.ts";

const BOUNDS = { window: 60_000, count: 3 };
const key = (name: string) => ({ name, hash: `${name}#` });
const sentOf = (...names: readonly string[]): SentKeys => ({ of: names.map(key), bounds: BOUNDS });

describe("the keys in a message", () => {
  const text = fc.string({ unit: "binary", minLength: 1 });
  const sent: fc.Arbitrary<SentKeys> = fc.record(
    {
      of: fc.array(fc.option(fc.record({ name: text, hash: text }, { noNullPrototype: true }), { nil: undefined }), {
        minLength: 1,
      }),
      bounds: fc.record({ window: fc.nat(), count: fc.nat() }, { noNullPrototype: true }),
    },
    { noNullPrototype: true },
  );

  it("are read as they were written, and a number is no key", () => {
    fc.assert(fc.property(sent, (keys) => assert.deepEqual(readKeys(writeKeys(keys)), keys)));
    assert.equal(readKeys("17"), undefined);
  });

  it("hide no row from a version that knows no keys", () => {
    const sends = [[{ key: '"a"', json: "1" }], [{ key: '"b"', json: '"x,\\n"' }]];
    fc.assert(
      fc.property(sent, ({ of, bounds }) => {
        const body = Buffer.from(packSends({ sends, keys: { of: of.slice(0, 2), bounds } })).toString();
        assert.deepEqual(unpack(body.slice(body.indexOf("\n") + 1)), sends.flat());
      }),
    );
  });
});

describe("the keys of a stream", () => {
  const take = (keys: StreamKeys, seq: number, names: readonly string[], isOwn = true): void => {
    const ids = names.map((_, at) => [seq * 100 + at]);
    keys.take({ seq, at: seq, keys: committedKeys(sentOf(...names), ids) }, { isOwn });
  };
  const names = (keys: readonly KeptKey[]): readonly string[] => keys.map(({ name }) => name);

  it("leave with their message, and then are in the marks", () => {
    const keys = new StreamKeys(() => {});
    take(keys, 1, ["a", "b"]);
    take(keys, 2, ["c"]);
    assert.deepEqual(names(keys.leaving([1])), ["a", "b"]);
    keys.takeMarked(keys.leaving([1]));
    keys.release([1]);
    assert.deepEqual([names(keys.leaving([1])), names(keys.marked())], [[], ["a", "b"]]);
  });

  it("leave again after a process without keys removed their message, or wrote a snapshot", () => {
    const keys = new StreamKeys(() => {});
    take(keys, 1, ["a"]);
    take(keys, 2, ["b"]);
    keys.release([1]);
    assert.deepEqual(names(keys.leaving([])), ["a"]);
    keys.takeMarked(keys.leaving([2]));
    assert.deepEqual(names(keys.leaving([2])), []);
    keys.releaseMarked();
    assert.deepEqual(names(keys.leaving([])), ["a", "b"]);
  });

  it("are forgotten after the window, or if too many come, of which the sender hears once", () => {
    const errors: Error[] = [];
    const keys = new StreamKeys((error) => errors.push(error));
    take(keys, 1, ["a", "b", "c"]);
    take(keys, 2, ["d"], false);
    assert.equal(keys.find("a", 2), undefined);
    assert.deepEqual([keys.find("d", 2)?.first, errors.length], [200, 0]);
    take(keys, 3, ["e"]);
    take(keys, 4, ["f"]);
    assert.deepEqual([keys.find("c", 4), errors.length], [undefined, 1]);
    assert.match(errors[0]!.message, /keys\.count/);
    assert.equal(keys.find("f", 4 + BOUNDS.window), undefined);
    keys.take({ seq: 5, at: 4 + BOUNDS.window, keys: undefined }, { isOwn: true });
    assert.equal(keys.find("f", 4), undefined, "the commit has removed it");
  });

  it("go from the oldest on, also if the marks told of an old one late", () => {
    const keys = new StreamKeys(() => {});
    take(keys, 2, ["b", "c"]);
    keys.takeMarked([{ ...key("a"), first: 7, size: 1, until: BOUNDS.window }]);
    take(keys, 3, ["d"]);
    assert.deepEqual([keys.find("a", 3), keys.find("b", 3)?.first], [undefined, 200]);
  });
});

natsRuns(describe)("keys on NATS", () => {
  const { stream, server } = streams();

  it("outlive their messages, also on a process that opens later", async () => {
    const { bus: open, held } = stream();
    const retention = { count: 1 };
    const bus = open({ retention });
    const ids: number[] = [];
    for (let step = 0; step < 30; step += 1) ids.push(await bus.sendone("a", step, { key: `k${step}` }));
    await bus.close(); // by then it has trimmed
    assert.equal((await held()).log, 1, "the messages are gone");
    const later = open({ retention });
    for (const [step, id] of ids.entries()) assert.equal(await later.sendone("a", step, { key: `k${step}` }), id);
    await failsWith("bad_key", () => later.sendone("a", "other", { key: "k0" }));
    assert.deepEqual(messagesOf(await later.poll(["a"], 0, 0)), [29]);
  });

  it("are in each snapshot of the marks", async () => {
    const { bus: open, manager, name } = stream();
    const retention = { count: 1 };
    const bus = open({ retention });
    const first = await bus.sendmany([["a", "first"]], { key: "first" });
    const send = (from: number): Promise<unknown> =>
      Promise.all(Array.from({ length: 500 }, (_, at) => bus.sendone("a", from + at, { key: `k${from + at}` })));
    for (let from = 0; from < 2_500; from += 500) await send(from);
    await bus.close();
    const { streams: all } = await manager();
    const subject = { next_by_subj: `${name}.marks.*`, seq: 1 } as { seq: number };
    const oldest = await all.getMessage(name, subject);
    assert.match(oldest!.header.get("Nightbus"), /^1 \w+ 0 \d+$/, "the marks begin with a snapshot");
    const later = open({ retention });
    assert.deepEqual(await later.sendmany([["a", "first"]], { key: "first" }), first);
    assert.deepEqual(messagesOf(await later.poll(["a"], 0, 0)), [2_499]);
  });

  it("commit one of the sends that several processes make at once", async () => {
    const { bus: open } = stream();
    const buses = [open(), open(), open()];
    await Promise.all(buses.map((bus) => bus.ready()));
    for (let round = 0; round < 20; round += 1) {
      const sends = buses.flatMap((bus) => [
        bus.sendone("a", round, { key: `k${round}` }),
        bus.sendone("b", round),
        bus.sendone("a", `${round}`, { key: `other${round}` }),
      ]);
      const ids = await Promise.all(sends);
      for (const place of [0, 2]) assert.equal(new Set(ids.filter((_, at) => at % 3 === place)).size, 1);
    }
    for (const bus of buses)
      await until(() => bus.last === Math.max(...buses.map(({ last }) => last)), "all have read");
    const both = await buses[1]!.poll(["a", "b"], 0, 0);
    assert.deepEqual([both.filter(({ channel }) => channel === "a").length, both.length], [40, 100]);
  });

  it.each([["answer"], [true]] as const)("commit once, if the first try is lost: %s", async (loss) => {
    const { bus: open, client } = stream();
    const asked = asking(await client());
    const [bus, other] = [open({}, asked.connection), open()];
    await Promise.all([bus.sendone("a", 0), other.ready()]);
    let losses = 1;
    asked.loses = (subject) => (subject.includes(".log.") && losses-- > 0 ? loss : false);
    const lost = Promise.all([bus.sendone("a", 1, { key: "k" }), bus.sendone("a", 2)]);
    const [id] = await lost;
    assert.equal(await other.sendone("a", 1, { key: "k" }), id);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [0, 1, 2]);
  });

  it("leave it open if a send without a key was lost, while another process sent the key", async () => {
    const { bus: open, client } = stream();
    const asked = asking(await client());
    const [bus, other] = [open({}, asked.connection), open()];
    await Promise.all([bus.sendone("a", 0), other.ready()]);
    let sent: Promise<number> | undefined;
    asked.loses = (subject) => {
      if (!subject.includes(".log.") || sent !== undefined) return false;
      sent = other.sendone("a", 1, { key: "k" });
      return true;
    };
    const mixed = [bus.sendone("a", 1, { key: "k" }), bus.sendone("a", 2)];
    for (const send of mixed) {
      const error = await failsWith("store", () => send, "no answer");
      assert.equal(error.refused, false);
    }
    assert.equal(await bus.sendone("a", 1, { key: "k" }), await sent);
    assert.deepEqual(messagesOf(await bus.poll(["a"], 0, 0)), [0, 1]);
  });

  it("outlive the server, and hold on a connection that was cut in the middle", async () => {
    const { bus: open, instance, proxy: way } = await server();
    const { proxy, url } = await way();
    const [bus, other] = [open({}, url), open()];
    for (const each of [bus, other]) each.on("error", () => {});
    const id = await bus.sendone("a", 0, { key: "k0" });
    await instance.stop("politely");
    await instance.start();
    assert.equal(await other.sendone("a", 0, { key: "k0" }), id);
    const sends = Array.from({ length: 20 }, (_, step) => async (): Promise<void> => {
      if (step % 5 === 2) proxy.drop();
      const send = (): Promise<number> => bus.sendone("a", step + 1, { key: `k${step + 1}` });
      const first = send();
      proxy.restore();
      await first.catch(send);
    });
    for (const send of sends) await send();
    assert.equal((await other.poll(["a"], 0, 1_000)).length > 0, true);
    await until(() => other.last === bus.last, "the other has read");
    const messages = messagesOf(await other.poll(["a"], 0, 0));
    assert.deepEqual(
      messages,
      Array.from({ length: 21 }, (_, step) => step),
    );
  });

  it("commit each send once, whichever requests and answers are lost, and whoever sends it again", async () => {
    const step = fc.record({
      sender: fc.nat(1),
      name: fc.nat(5),
      keyless: fc.boolean(),
      loss: fc.constantFrom(false, false, true, "answer" as const),
      of: fc.constantFrom(".log.", ".marks.", "MSG.DELETE"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const { bus: open, client } = stream();
        const retention = { count: 2 };
        const asked = asking(await client());
        const buses = [open({ retention }, asked.connection), open({ retention })];
        for (const bus of buses) bus.on("error", () => {});
        const known = new Map<number, number>();
        for (const { sender, name, keyless, loss, of } of steps) {
          let losses = loss === false ? 0 : 1;
          asked.loses = (subject) => (subject.includes(of) && losses-- > 0 ? loss : false);
          const keyed = (): Promise<number> => buses[sender]!.sendone("a", name, { key: `k${name}` });
          const [first] = await Promise.allSettled([keyed(), ...(keyless ? [buses[sender]!.sendone("b", name)] : [])]);
          // An unknown outcome is an answer, too. Its error says to send again with the same key.
          if (first.status === "rejected") assert.equal(first.reason.refused, false, String(first.reason));
          const id = first.status === "fulfilled" ? first.value : await keyed();
          assert.equal(id, known.get(name) ?? id);
          known.set(name, id);
        }
        asked.loses = () => false;
        assert.equal(new Set(known.values()).size, known.size, "no two keys share an id");
        await Promise.all(buses.map((bus) => bus.close()));
        const later = open({ retention });
        for (const [name, id] of known) assert.equal(await later.sendone("a", name, { key: `k${name}` }), id);
        const kept = [...known].sort(([, one], [, other]) => one - other).slice(-2);
        assert.deepEqual(
          messagesOf(await later.poll(["a"], 0, 0)),
          kept.map(([name]) => name),
        );
      }),
      { numRuns: 12, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
    );
  }, 60_000);
});
