import type { Notification, Schema } from "nightbus";
import { describe, expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { busWith, pass } from "./bus.ts";
import { Lab } from "./lab.ts";

describe("a consumer", () => {
  it("handles what is sent after the call, in order, one at a time", async () => {
    const { bus } = busWith();
    await bus.sendone("orders", "before");
    const seen: unknown[] = [];
    let running = 0;
    const consumer = bus.consume("mailer", ["orders", ["orders", 7]], async ({ message }) => {
      running += 1;
      await turns(1);
      seen.push([running, message]);
      running -= 1;
    });
    await bus.sendmany([
      ["orders", 1],
      [["orders", 7], 2],
      ["other", 3],
    ]);
    await bus.sendone("orders", 4);
    await until(() => seen.length === 3, "all are handled");
    expect(seen).toEqual([
      [1, 1],
      [1, 2],
      [1, 4],
    ]);
    expect(consumer.isActive).toBe(true);
    await consumer.close();
    expect([consumer.isActive, await consumer.done]).toEqual([false, undefined]);
    await bus.close();
  });

  it("goes on where its name stood, and begins a new name where it is told", async () => {
    const { bus } = busWith();
    const ids = await bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
    const seen: unknown[] = [];
    const read = async (name: string, from: "start" | number, count: number): Promise<void> => {
      seen.length = 0;
      const consumer = bus.consume(name, ["a"], ({ message }) => void seen.push(message), { from });
      await until(() => seen.length === count, `${name} has handled ${count}`);
      await consumer.close();
    };
    await read("all", "start", 3);
    await bus.sendone("a", 4);
    await read("all", "start", 1);
    expect(seen).toEqual([4]);
    await read("some", ids[1]!, 2);
    expect(seen).toEqual([3, 4]);
    await bus.close();
  });

  it("gives lists with batch, of at most so many", async () => {
    const { bus } = busWith();
    await bus.sendmany([1, 2, 3, 4, 5].map((n) => ["a", n] as const));
    const seen: unknown[] = [];
    const take = (list: readonly Notification[]): void => void seen.push(list.map(({ message }) => message));
    const consumer = bus.consume("lists", ["a"], take, { batch: 2, from: "start" });
    await until(() => seen.length === 3, "all are handled");
    expect(seen).toEqual([[1, 2], [3, 4], [5]]);
    await consumer.close();
    await bus.close();
  });

  it("tries a handler that fails again, after pauses that double, and keeps the order", async () => {
    const { bus, clock } = busWith();
    const seen: unknown[] = [];
    bus.consume("retry", ["a"], ({ message }, { attempt }) => {
      seen.push([message, attempt, clock.monotonic()]);
      if (message === 1 && attempt < 4) throw new Error("not yet");
    });
    await bus.sendmany([
      ["a", 1],
      ["a", 2],
    ]);
    await turns();
    await pass(clock, 1_000);
    expect(seen).toEqual([
      [1, 1, 0],
      [1, 2, 100],
      [1, 3, 300],
      [1, 4, 700],
      [2, 1, 700],
    ]);
    await bus.close();
  });

  it("stops after so many attempts, says so, and gives the name up where it stands", async () => {
    const { bus, clock, errors } = busWith();
    const consumer = bus.consume("stops", ["a"], () => Promise.reject(new Error("never")), { attempts: 3 });
    const id = await bus.sendone("a", 1);
    await pass(clock, 500);
    await expect(consumer.done).rejects.toMatchObject({ code: "consumer", cause: { message: "never" } });
    expect(errors.map(({ message }) => message).join()).toContain(`failed 3 times on ${id}`);
    expect(await bus.consumers.list()).toMatchObject([{ name: "stops", isHeld: false, behind: 1 }]);
    await consumer.close();
    const seen: unknown[] = [];
    bus.consume("stops", ["a"], ({ message }) => void seen.push(message));
    await until(() => seen.length === 1, "the next one goes on there");
    await bus.close();
  });

  it("gives up at an error whose message is no text", async () => {
    const { bus, clock, errors } = busWith();
    const handler = () => Promise.reject(Object.assign(new Error("spoilt"), { message: 42 }));
    bus.consume("odd", ["a"], handler, { attempts: 1, onFailure: "failed" });
    await bus.sendone("a", 1);
    await pass(clock, 300);
    expect((await bus.poll(["failed"], 0, 0)).map(({ message }) => message)).toMatchObject([{ error: "42" }]);
    expect(errors).toEqual([]);
    await bus.close();
  });

  it("sends what it gave up to the channel of failures, once, and goes on", async () => {
    const { bus, clock, errors } = busWith();
    const seen: unknown[] = [];
    const handler = ({ message }: Notification): void => {
      if (message === "bad") throw new Error("spoilt");
      seen.push(message);
    };
    bus.consume("mailer", ["a"], handler, { attempts: 2, onFailure: "failed" });
    const before = bus.last;
    const [id] = await bus.sendmany([
      ["a", "bad"],
      ["a", "good"],
    ]);
    await pass(clock, 300);
    expect(seen).toEqual(["good"]);
    expect((await bus.poll(["failed"], 0, 0)).map(({ message }) => message)).toEqual([
      { consumer: "mailer", id, channel: "a", message: "bad", error: "spoilt", attempts: 2 },
    ]);
    await bus.consumers.seek("mailer", before);
    await pass(clock, 1_500);
    expect(seen).toEqual(["good", "good"]);
    expect((await bus.poll(["failed"], 0, 0)).length).toBe(1);
    expect(errors).toEqual([]);
    await bus.close();
  });

  it("sends the failures of a list once, also if a crash cuts the list in another place", async () => {
    const { bus, clock } = busWith();
    const handler = (): never => {
      throw new Error("spoilt");
    };
    bus.consume("mailer", ["a"], handler, { batch: 10, attempts: 1, onFailure: "failed" });
    const [first] = await bus.sendmany([1, 2].map((n) => ["a", n] as const));
    await pass(clock, 300);
    await bus.sendone("a", 3);
    await pass(clock, 300);
    await bus.consumers.seek("mailer", first! - 1); // as after a crash
    await pass(clock, 1_500);
    const failed = await bus.poll(["failed"], 0, 0);
    expect(failed.map(({ message }) => (message as { message: unknown }).message)).toEqual([1, 2, 3]);
    await bus.close();
  });

  it("tells of a message that is too long to be sent inside another, without the message", async () => {
    const { bus, clock, errors } = busWith();
    const seen: unknown[] = [];
    const handler = ({ message }: Notification): void => {
      if (message !== "good") throw new Error("spoilt");
      seen.push(message);
    };
    bus.consume("mailer", ["a"], handler, { attempts: 1, onFailure: "failed" });
    const [id] = await bus.sendmany([
      ["a", "x".repeat(2 ** 20 - 10)],
      ["a", "good"],
    ]);
    await pass(clock, 300);
    expect((await bus.poll(["failed"], 0, 0)).map(({ message }) => message)).toEqual([
      { consumer: "mailer", id, channel: "a", error: "spoilt", attempts: 1 },
    ]);
    expect([seen, errors]).toEqual([["good"], []]);
    await bus.close();
  });

  it("waits until the schema of the channel of failures answers again", async () => {
    let failures = 2;
    const schemaOf = (validate: (value: unknown) => { readonly value: unknown }): Schema => ({
      "~standard": { version: 1, vendor: "test", validate },
    });
    const failed = schemaOf((value) => {
      if (failures-- > 0) throw new Error("no database");
      return { value };
    });
    const { bus, clock, errors } = busWith({ channels: { a: schemaOf((value) => ({ value })), failed } });
    const handler = (): never => {
      throw new Error("spoilt");
    };
    bus.consume("mailer", ["a"], handler, { attempts: 1, onFailure: "failed" });
    await bus.sendone("a", "bad");
    await pass(clock, 1_000);
    expect((await bus.poll(["failed"], 0, 0)).map(({ message }) => message)).toMatchObject([{ message: "bad" }]);
    expect(errors.map(({ message }) => message).join()).toMatch(/the schema of "failed" threw/);
    await bus.close();
  });

  it("aborts the signal when it closes, and waits for what is in hand", async () => {
    const { bus } = busWith();
    const told: string[] = [];
    const consumer = bus.consume("slow", ["a"], async (_, { signal }) => {
      told.push("begun");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await turns(2);
      told.push("ended");
    });
    await bus.sendone("a", 1);
    await until(() => told.length === 1, "it has begun");
    await consumer.close();
    expect(told).toEqual(["begun", "ended"]);
    expect(await bus.consumers.list()).toMatchObject([{ behind: 0, isHeld: false }]);
    await bus.close();
  });

  it("is signalled by a bus that closes, which waits for a stuck handler no longer than five seconds", async () => {
    const { bus, clock, errors } = busWith();
    let aborted = false;
    bus.consume("stuck", ["a"], (_, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return new Promise(() => {});
    });
    await bus.sendone("a", 1);
    await turns();
    const closing = bus.close();
    await pass(clock, 4_900);
    expect([aborted, errors]).toEqual([true, []]);
    await pass(clock, 200);
    await closing;
    expect(errors).toMatchObject([{ code: "consumer" }]);
    expect([...clock.steps(60_000)]).toEqual([]); // nothing renews the lease any more
    expect(() => bus.consume("late", ["a"], () => {})).toThrow(expect.objectContaining({ code: "closed" }));
  });

  it("stops at a loss, or tells onMissed and goes on", async () => {
    const { bus, errors } = busWith({ retention: { count: 2 } });
    const [first] = await bus.sendmany([0, 1, 2, 3].map((n) => ["a", n] as const));
    const deaf = bus.consume("deaf", ["a"], () => {}, { from: first! });
    await expect(deaf.done).rejects.toMatchObject({ code: "missed" });
    expect(errors).toMatchObject([{ code: "missed" }]);
    const seen: unknown[] = [];
    const missed: number[] = [];
    const handler = ({ message }: Notification): void => void seen.push(message);
    bus.consume("hears", ["a"], handler, { from: first!, onMissed: (last) => missed.push(last) });
    bus.consume("foreign", ["a"], handler, { from: 7, onMissed: (last) => missed.push(last) });
    await until(() => seen.length === 4, "both go on");
    expect([seen.sort(), missed.sort()]).toEqual([[2, 3, 2, 3].sort(), [first, 7].sort()]);
    await bus.close();
  });

  it("refuses another list of channels under a known name, unless it is told to replace it", async () => {
    const { bus, errors } = busWith();
    await bus.consume("name", ["b", "a"], () => {}).close();
    const same = bus.consume("name", ["a", "b", "a"], () => {});
    await until(() => same.isActive, "the order of the list does not matter");
    await same.close();
    const other = bus.consume("name", ["a"], () => {});
    await expect(other.done).rejects.toMatchObject({ code: "bad_option" });
    expect(errors[0]?.message).toContain("replaceChannels");
    const told = bus.consume("name", ["a"], () => {}, { replaceChannels: true });
    await until(() => told.isActive, "it goes on");
    expect(await bus.consumers.list()).toMatchObject([{ name: "name", channels: ["a"] }]);
    await bus.close();
  });

  it("moves by seek, and stops when its position is deleted", async () => {
    const { bus, clock, errors } = busWith();
    const ids = await bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
    const seen: unknown[] = [];
    const consumer = bus.consume("name", ["a"], ({ message }) => void seen.push(message));
    await until(() => consumer.isActive, "it works");
    await bus.consumers.seek("name", ids[1]!);
    await pass(clock, 1_500);
    await bus.consumers.seek("name", "start");
    await pass(clock, 1_500);
    expect(seen).toEqual([3, 1, 2, 3]);
    expect(await bus.consumers.delete("name")).toBe(true);
    await expect(consumer.done).rejects.toMatchObject({ code: "consumer" });
    expect([await bus.consumers.delete("name"), await bus.consumers.list()]).toEqual([false, []]);
    await expect(bus.consumers.seek("name", "now")).rejects.toMatchObject({ code: "bad_option" });
    expect(errors.length).toBe(1);
    await bus.close();
  });

  it("tells how far it is behind, and once that it comes near to the edge", async () => {
    const { bus, clock } = busWith({ retention: { count: 10 } });
    const told: number[] = [];
    bus.on("behind", ({ behind }) => told.push(behind));
    let go = (): void => {};
    const handler = (): Promise<void> =>
      new Promise((resolve) => {
        go = resolve;
      });
    bus.consume("slow", ["a"], handler);
    await bus.sendmany(Array.from({ length: 9 }, (_, n) => ["a", n] as const));
    await turns();
    expect(bus.stats().consumers).toMatchObject([
      { name: "slow", behind: 9, edge: 0.9, isHeld: true, channels: ["a"] },
    ]);
    await pass(clock, 6_000);
    expect(told).toEqual([9]);
    for (let handled = 0; handled < 9; handled += 1) {
      go();
      await turns();
    }
    expect(bus.stats().consumers).toMatchObject([{ behind: 0, edge: 0 }]);
    await bus.close();
  });

  it("measures the edge by what is retained, whatever lay between", async () => {
    const of = (channel: unknown) => ({ count: channel === "jobs" ? 10 : 5 });
    const { bus } = busWith({ retention: { total: 100, of } });
    const told: unknown[] = [];
    bus.on("behind", (consumer) => told.push(consumer));
    bus.consume("stuck", ["jobs"], (_, { signal }) => new Promise((end) => signal.addEventListener("abort", end)));
    await bus.sendone("jobs", 1);
    await turns();
    for (let n = 0; n < 200; n += 1) await bus.sendone(`other ${n % 8}`, n);
    expect([bus.stats().rows, bus.stats().consumers[0]?.edge, told]).toEqual([41, 0.41, []]);
    await bus.close();
  });

  it("writes its position at most once a second while it works, and every 1,000 notifications", async () => {
    const lab = new Lab();
    const { bus } = await lab.start({ retention: { count: 10_000 } });
    let handled = 0;
    bus.consume("busy", ["a"], () => {
      handled += 1;
    });
    await turns();
    const before = lab.writes;
    await bus.sendmany(Array.from({ length: 3_500 }, (_, n) => ["a", n] as const));
    await until(() => handled === 3_500, "all are handled");
    expect(lab.writes - before).toBe(3);
    await lab.pass(1_000);
    expect(lab.writes - before).toBe(4);
    expect(JSON.parse(lab.positions.get("busy")!.state)).toMatchObject({ last: bus.last });
    await bus.close();
  });
});

describe("consumers of one name", () => {
  it("work one at a time, and hand over at once when one closes", async () => {
    const lab = new Lab();
    const [one, other] = [await lab.start(), await lab.start()];
    const seen: string[] = [];
    const first = one.bus.consume("name", ["a"], ({ message }) => void seen.push(`one ${message}`));
    await turns();
    const second = other.bus.consume("name", ["a"], ({ message }) => void seen.push(`other ${message}`));
    await lab.pass(30_000, 500);
    expect([first.isActive, second.isActive]).toEqual([true, false]);
    await one.bus.sendone("a", 1);
    await turns();
    await first.close();
    await other.bus.sendone("a", 2);
    await lab.pass(1_000);
    expect(seen).toEqual(["one 1", "other 2"]);
    await Promise.all([one.bus.close(), other.bus.close()]);
  });

  it("take over from one that dies, after its lease", async () => {
    const lab = new Lab();
    const [one, other] = [await lab.start(), await lab.start()];
    const seen: string[] = [];
    one.bus.consume("name", ["a"], ({ message }) => void seen.push(`one ${message}`));
    await turns();
    const second = other.bus.consume("name", ["a"], ({ message }) => void seen.push(`other ${message}`));
    await one.bus.sendone("a", 1);
    await lab.pass(3_000);
    lab.kill(one);
    await other.bus.sendone("a", 2);
    await lab.pass(6_900);
    expect([seen, second.isActive]).toEqual([["one 1"], false]);
    await lab.pass(5_000);
    expect([seen, second.isActive]).toEqual([["one 1", "other 2"], true]);
    await other.bus.close();
  });

  it("leave one that cannot renew its lease without it, in time, and it moves nothing afterwards", async () => {
    const lab = new Lab();
    const [one, other] = [await lab.start(), await lab.start()];
    const seen: string[] = [];
    let aborted: unknown;
    let end = (): void => {};
    one.bus.consume("name", ["a"], (_, { signal }) => {
      signal.addEventListener("abort", () => {
        aborted = signal.reason;
      });
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    });
    await turns();
    other.bus.consume("name", ["a"], ({ message }, { fence }) => void seen.push(`other ${message} ${fence}`));
    const [, second] = await one.bus.sendmany([
      ["a", 1],
      ["a", 2],
    ]);
    await lab.pass(1_000);
    one.isCut = true;
    await lab.pass(10_000);
    expect(aborted).toMatchObject({ code: "consumer" });
    await lab.pass(3_000);
    expect(seen).toEqual(["other 1 2", "other 2 2"]);
    one.isCut = false;
    end();
    await lab.pass(3_000);
    expect(JSON.parse(lab.positions.get("name")!.state)).toMatchObject({ last: second, fence: 2 });
    expect(one.errors.length).toBe(1);
    await Promise.all([one.bus.close(), other.bus.close()]);
  });

  it("survive answers that are lost on the way", async () => {
    const lab = new Lab();
    const one = await lab.start();
    const seen: unknown[] = [];
    one.losesAnswers = true;
    const consumer = one.bus.consume("name", ["a"], ({ message }) => void seen.push(message));
    await lab.pass(2_500);
    one.losesAnswers = false;
    await lab.pass(2_500);
    one.losesAnswers = true;
    await one.bus.sendone("a", 1);
    await lab.pass(2_500);
    one.losesAnswers = false;
    await one.bus.sendone("a", 2);
    await lab.pass(5_000);
    expect([seen, consumer.isActive]).toEqual([[1, 2], true]);
    await one.bus.close();
    expect(JSON.parse(lab.positions.get("name")!.state)).toMatchObject({ last: one.bus.last });
  });
});
