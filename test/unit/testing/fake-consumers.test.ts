import type { ConsumeContext } from "nightbus";
import { fakeBus } from "nightbus/testing";
import { describe, expect, it } from "vitest";

describe("consumers of a fake bus", () => {
  it("are expected by what they have handled", async () => {
    const bus = fakeBus<{ orders: { total: number }; mail: string }>();
    bus.consume("mailer", ["orders"], ({ message }) => bus.sendone("mail", `total ${message.total}`));
    await bus.sendmany([1, 2, 2].map((total) => ["orders", { total }] as const));
    await bus.settled();
    bus.expectConsumed("mailer", "orders", { total: 1 });
    bus.expectConsumed("mailer", "orders", ({ total }) => total === 2, { times: 2 });
    bus.expectSent("mail", "total 1", { times: 1 });
    expect(() => bus.expectConsumed("mailer", "orders", { total: 7 })).toThrow(
      /expected a notification on "orders" handled by "mailer" like {"total":7}, but none of the 3 handled there is/,
    );
    expect(() => bus.expectConsumed("other", "orders")).toThrow("but nothing was handled");
    await bus.close();
  });

  it("lose their lease on demand, and take over again after it", async () => {
    const bus = fakeBus();
    const reasons: unknown[] = [];
    const consumer = bus.consume("name", ["a"], (_, { signal, fence }) => {
      if (fence > 1) return undefined;
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          reasons.push(signal.reason);
          reject(signal.reason);
        });
      });
    });
    await bus.sendone("a", 1);
    await bus.settled();
    await bus.takeOver("name");
    await bus.settled();
    expect([reasons, consumer.isActive]).toMatchObject([[{ code: "consumer" }], false]);
    await bus.advance(9_000);
    expect(() => bus.expectConsumed("name", "a")).toThrow("nothing was handled");
    await bus.advance(3_000);
    bus.expectConsumed("name", "a", 1, { times: 1 });
    expect(consumer.isActive).toBe(true);
    await expect(bus.takeOver("nobody")).rejects.toMatchObject({ code: "bad_option" });
    await bus.close();
  });

  it("fail on demand: a lease that cannot be renewed ends in time", async () => {
    const bus = fakeBus();
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    const consumer = bus.consume("name", ["a"], () => {});
    await bus.settled();
    bus.failPositions(new Error("disk full"));
    await bus.advance(9_000);
    expect(consumer.isActive).toBe(true);
    await bus.advance(1_500);
    expect(consumer.isActive).toBe(false);
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining("disk full")]);
    await expect(bus.consumers.list()).rejects.toMatchObject({ code: "store" });
    bus.heal();
    await bus.advance(10_000);
    expect(consumer.isActive).toBe(true);
    await bus.close();
  });

  it("get the transaction of the test, and sends in it are sent with the move alone", async () => {
    const tx = { rows: [] as string[] };
    const bus = fakeBus({ tx });
    const handler = ({ message }: { readonly message: unknown }, context: { readonly tx: typeof tx }): void => {
      context.tx.rows.push(`${message}`);
      void bus.sendwithin(context.tx, [["done", message]]);
      if (context.tx.rows.length === 1) throw new Error("once");
    };
    bus.consume("ledger", ["a"], handler, { transaction: true });
    await bus.sendone("a", 1);
    await bus.settled();
    bus.expectNotSent("done");
    await bus.advance(200);
    bus.expectSent("done", 1, { times: 1 });
    expect(tx.rows).toEqual(["1", "1"]);
    await bus.close();
  });

  it.each([
    ["objects of their own", {}],
    ["one double of a driver", { tx: { query: () => [] } }],
  ])("have a transaction for each run, though they run at the same time: %s", async (_, options) => {
    const bus = fakeBus(options);
    const gates = new Map<string, () => void>();
    const open = async (name: string): Promise<void> => {
      gates.get(name)!();
      await bus.settled();
    };
    for (const name of ["one", "two", "three"]) {
      const handler = async ({ message }: { readonly message: unknown }, { tx, attempt }: ConsumeContext) => {
        await new Promise<void>((resolve) => gates.set(name, resolve));
        await bus.sendwithin(tx, [[`${name} is done`, message]]);
        if (name !== "one" && attempt === 1) throw new Error("once");
      };
      bus.consume(name, ["a"], handler, { transaction: true });
    }
    await bus.sendone("a", 1);
    await bus.settled();
    await open("one");
    await open("two");
    await open("three");
    bus.expectSent("one is done", 1, { times: 1 });
    bus.expectNotSent("two is done");
    bus.expectNotSent("three is done");
    await bus.advance(200);
    await open("three");
    await open("two");
    bus.expectSent("two is done", 1, { times: 1 });
    bus.expectSent("three is done", 1, { times: 1 });
    await bus.close();
  });

  it("take a send from outside of the handler's own calls into the transaction that is open", async () => {
    const tx = {};
    const bus = fakeBus({ tx });
    const calls: (() => void)[] = [];
    let call = (): void => {};
    const loop = (async () => {
      await new Promise<void>((resolve) => {
        call = resolve;
      });
      void bus.sendwithin(tx, [["done", 1]]);
      for (const end of calls) end();
    })();
    const handler = () => {
      call();
      return new Promise<void>((_, reject) => calls.push(() => reject(new Error("no"))));
    };
    bus.consume("ledger", ["a"], handler, { transaction: true });
    await bus.sendone("a", 1);
    await loop;
    await bus.settled();
    bus.expectNotSent("done");
    await bus.close();
  });

  it("end with a reset, which forgets their names", async () => {
    const bus = fakeBus();
    const consumer = bus.consume("name", ["a"], () => {});
    await bus.settled();
    bus.reset();
    await consumer.done;
    expect(await bus.consumers.list()).toEqual([]);
    expect(() => bus.expectConsumed("name", "a")).toThrow("nothing was handled");
    await bus.close();
  });
});
