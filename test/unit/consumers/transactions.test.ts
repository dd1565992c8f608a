import { Bus, BusError, type ConsumeContext } from "nightbus";
import { sqlite } from "nightbus/sqlite";
import { afterEach, describe, expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { temporary } from "../../stores/conformance/factories.ts";
import { type Database, openDatabase } from "../../stores/sqlite/database.ts";
import { Lab, type LabTransaction } from "./lab.ts";

const ends: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function place(): { readonly path: string; readonly ledger: () => readonly unknown[] } {
  const { path, remove } = temporary();
  const db = openDatabase(path);
  db.exec("create table ledger (entry text)");
  ends.push(remove, () => void db.close());
  return {
    path,
    ledger: () =>
      db
        .prepare("select entry from ledger")
        .all()
        .map((row) => Object.values(row as object)[0]),
  };
}

function busOn(path: string): { readonly bus: Bus; readonly errors: BusError[] } {
  const bus = new Bus({ store: sqlite(path, { durability: "normal" }) });
  const errors: BusError[] = [];
  bus.on("error", (error) => errors.push(error as BusError));
  ends.push(() => bus.close());
  return { bus, errors };
}

function enter(tx: Database, entry: unknown): void {
  tx.prepare("insert into ledger values (?)").run(`${entry}`);
}

describe("a transactional consumer on SQLite", () => {
  it("commits the effects of the handler, its sends and the position together, or none of them", async () => {
    const { path, ledger } = place();
    const { bus } = busOn(path);
    let failures = 2;
    const handler = ({ message }: { readonly message: unknown }, { tx }: { readonly tx: Database }): void => {
      enter(tx, message);
      bus.sendwithin(tx, [["done", message]]);
      if (message === 2 && failures-- > 0) throw new Error("not yet");
    };
    const consumer = bus.consume("ledger", ["a"], handler, { transaction: true });
    await bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
    await until(() => ledger().length === 3, "all are handled");
    await consumer.close();
    expect(ledger()).toEqual(["1", "2", "3"]);
    expect((await bus.poll(["done"], 0, 0)).map(({ message }) => message)).toEqual([1, 2, 3]);
    expect(await bus.consumers.list()).toMatchObject([{ name: "ledger", behind: 0, isHeld: false }]);
  });

  it("spends no attempt on a file that is locked, and keeps count of the attempts before", async () => {
    const { path, ledger } = place();
    const clock = new ManualClock();
    const bus = new Bus({ clock, store: sqlite(path, { durability: "normal" }) });
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    const other = openDatabase(path);
    ends.push(
      () => bus.close(),
      () => void other.close(),
    );
    const attempts: number[] = [];
    const handler = ({ message }: { readonly message: unknown }, { tx, attempt }: ConsumeContext<Database>): void => {
      attempts.push(attempt);
      if (attempt === 1) throw new Error("not yet");
      enter(tx, message);
    };
    const consumer = bus.consume("ledger", ["a"], handler, { transaction: true, attempts: 2, lease: 60_000 });
    await bus.sendone("a", 1);
    await until(() => attempts.length === 1, "it has failed once");
    other.exec("begin immediate");
    for (let passed = 0; passed < 12_000; passed += 20) {
      clock.advance(20);
      await turns(1);
    }
    other.exec("rollback");
    for (let passed = 0; passed < 60_000 && ledger().length === 0; passed += 20) {
      clock.advance(20);
      await turns(1);
    }
    expect([attempts, ledger(), consumer.isActive]).toEqual([[1, 2], ["1"], true]);
    expect(errors).toEqual([expect.stringContaining("locked by somebody else")]);
  });

  it("stops at a promise of the handler, and nothing of it stays", async () => {
    const { path, ledger } = place();
    const { bus, errors } = busOn(path);
    const handler = async (_: unknown, { tx }: { readonly tx: Database }): Promise<void> => enter(tx, "never");
    const consumer = bus.consume("ledger", ["a"], handler, { transaction: true });
    await bus.sendone("a", 1);
    await expect(consumer.done).rejects.toMatchObject({ code: "bad_transaction" });
    expect([ledger(), errors.length]).toEqual([[], 1]);
    expect(await bus.consumers.list()).toMatchObject([{ behind: 1 }]);
  });

  it("stops at a handler that ends the transaction", async () => {
    const { path } = place();
    const { bus } = busOn(path);
    const handler = (_: unknown, { tx }: { readonly tx: Database }): void => void tx.exec("rollback");
    const consumer = bus.consume("ledger", ["a"], handler, { transaction: true });
    await bus.sendone("a", 1);
    await expect(consumer.done).rejects.toMatchObject({ code: "bad_transaction" });
    await bus.sendone("a", "later");
  });

  it("spends attempts on work that only the commit refuses", async () => {
    const { path } = place();
    const db = openDatabase(path);
    ends.push(() => void db.close());
    db.exec("create table parents (id integer primary key)");
    db.exec("create table children (parent integer references parents (id) deferrable initially deferred)");
    const { bus } = busOn(path);
    const handler = (_: unknown, { tx }: ConsumeContext<Database>): void => {
      tx.exec("insert into children values (7)");
    };
    bus.consume("ledger", ["a"], handler, { transaction: true, attempts: 2, onFailure: "failed" });
    const poll = bus.poll(["failed"], bus.last, 10_000);
    await bus.sendone("a", 1);
    const [failed] = await poll;
    expect(failed?.message).toMatchObject({ message: 1, attempts: 2, error: expect.stringMatching(/FOREIGN KEY/i) });
  });

  it("sends what it gave up in the transaction that moves on", async () => {
    const { path, ledger } = place();
    const { bus } = busOn(path);
    const handler = ({ message }: { readonly message: unknown }, { tx }: { readonly tx: Database }): void => {
      enter(tx, message);
      if (message === "bad") throw new Error("spoilt");
    };
    bus.consume("ledger", ["a"], handler, { transaction: true, attempts: 2, onFailure: "failed" });
    await bus.sendmany(["bad", "good"].map((n) => ["a", n] as const));
    await until(() => ledger().length === 1, "it went on");
    const failed = bus.poll(["failed"], 0, 5_000);
    expect((await failed).map(({ message }) => message)).toMatchObject([
      { message: "bad", error: "spoilt", attempts: 2 },
    ]);
  });

  it("hands over between two buses on one file, each effect once", async () => {
    const { path, ledger } = place();
    const [one, other] = [busOn(path), busOn(path)];
    const handler = ({ message }: { readonly message: unknown }, { tx }: { readonly tx: Database }): void =>
      enter(tx, message);
    const first = one.bus.consume("ledger", ["a"], handler, { transaction: true, lease: 1_000 });
    await until(() => first.isActive, "the first works");
    other.bus.consume("ledger", ["a"], handler, { transaction: true, lease: 1_000 });
    for (let n = 0; n < 20; n += 1) {
      await (n % 2 === 0 ? one : other).bus.sendone("a", n);
      if (n === 10) await first.close();
    }
    await until(() => ledger().length === 20, "all are handled");
    expect(ledger()).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
  });

  it("is refused on a bus whose store has no transactions", () => {
    const bus = new Bus();
    ends.push(() => bus.close());
    expect(() => bus.consume("name", ["a"], () => {}, { transaction: true })).toThrow("nightbus/sqlite");
  });
});

describe("a transactional consumer", () => {
  it("has each effect once when answers of commits are lost", async () => {
    const lab = new Lab();
    const one = await lab.start();
    const handler = async ({ message }: { readonly message: unknown }, { tx }: { readonly tx: LabTransaction }) => {
      await turns(1);
      tx.effects.push(message);
    };
    one.bus.consume("ledger", ["a"], handler, { transaction: true });
    await turns();
    for (let n = 0; n < 10; n += 1) {
      one.losesAnswers = n % 3 === 1;
      await one.bus.sendone("a", n);
      await lab.pass(150);
      one.losesAnswers = false;
      await lab.pass(500);
    }
    expect(lab.ledger).toEqual(Array.from({ length: 10 }, (_, n) => n));
    await one.bus.close();
  });

  it("stops after its attempts at a handler that returns a promise of another library", async () => {
    const lab = new Lab();
    const { bus, errors } = await lab.start();
    const handler = () => {
      const failing = Promise.reject(new Error("never"));
      // biome-ignore lint/suspicious/noThenProperty: query builders return such objects
      return { then: failing.then.bind(failing) };
    };
    const consumer = bus.consume("ledger", ["a"], handler, { transaction: true, attempts: 2 });
    await turns();
    await bus.sendone("a", 1);
    await lab.pass(1_000);
    await expect(consumer.done).rejects.toMatchObject({ code: "consumer", cause: { message: "never" } });
    expect(errors.length).toBe(1);
    await bus.close();
  });

  it("spends no attempt on a connection that is lost while the handler works, and tells of it once", async () => {
    const lab = new Lab();
    const one = await lab.start();
    const attempts: number[] = [];
    let failures = 1;
    const handler = async (_: unknown, { tx, attempt }: { readonly tx: LabTransaction; readonly attempt: number }) => {
      attempts.push(attempt);
      await turns(1);
      if (one.drops >= 0) throw new Error("the query failed");
      if (failures-- > 0) throw new Error("not yet");
      tx.effects.push("done");
    };
    const consumer = one.bus.consume("ledger", ["a"], handler, { transaction: true, attempts: 2 });
    await turns();
    one.drops = 3;
    await one.bus.sendone("a", 1);
    await lab.pass(400);
    one.isCut = true; // the store is away for longer than the lease
    await lab.pass(20_000);
    one.isCut = false;
    await lab.pass(30_000);
    expect([lab.ledger, consumer.isActive]).toEqual([["done"], true]);
    expect(attempts).toEqual([1, 1, 1, 1, 2]);
    expect(one.errors.map(({ message }) => message)).toEqual(["the disk is full"]);
    await one.bus.close();
  });

  it("stops at a handler that loses its connection each time, though the store is there", async () => {
    const lab = new Lab();
    const one = await lab.start();
    let calls = 0;
    const handler = (): void => {
      calls += 1;
      throw new Error("it has ended its own connection");
    };
    const consumer = one.bus.consume("ledger", ["a"], handler, { transaction: true, attempts: 2 });
    await turns();
    one.drops = Number.POSITIVE_INFINITY;
    await one.bus.sendone("a", 1);
    await lab.pass(1_500_000, 5_000);
    await expect(consumer.done).rejects.toMatchObject({
      code: "consumer",
      cause: { message: "it has ended its own connection" },
    });
    expect(calls).toBe(52);
    await one.bus.close();
  });

  it("outlives a store that fails while it sends what it gave up", async () => {
    const { path } = place();
    const store = sqlite(path, { durability: "normal" });
    const within = store.within!.bind(store);
    let failures = 1;
    store.within = (...given) => {
      if (failures-- > 0) throw new BusError("store", "the store is away", { refused: true });
      return within(...given);
    };
    const bus = new Bus({ store });
    ends.push(() => bus.close());
    const errors: string[] = [];
    bus.on("error", ({ message }) => errors.push(message));
    const handler = (): void => {
      throw new Error("spoilt");
    };
    const consumer = bus.consume("ledger", ["a"], handler, { transaction: true, attempts: 1, onFailure: "failed" });
    const failed = bus.poll(["failed"], 0, 5_000);
    await bus.sendone("a", 1);
    expect((await failed).map(({ message }) => message)).toMatchObject([{ message: 1, error: "spoilt" }]);
    expect([errors, consumer.isActive]).toEqual([["the store is away"], true]);
  });

  it("keeps its lease after a handler that took longer than it", async () => {
    const lab = new Lab();
    const one = await lab.start();
    let end = (): void => {};
    const signals: AbortSignal[] = [];
    const handler = (_: unknown, { signal }: ConsumeContext): Promise<void> => {
      signals.push(signal);
      return new Promise((resolve) => {
        end = resolve;
      });
    };
    one.bus.consume("ledger", ["a"], handler, { transaction: true });
    await turns();
    await one.bus.sendone("a", 1);
    await lab.pass(30_000, 500);
    end();
    await lab.pass(1_000);
    const { fence } = JSON.parse(lab.positions.get("ledger")!.state) as { readonly fence: number };
    expect([signals.map(({ aborted }) => aborted), fence]).toEqual([[false], 1]);
    await one.bus.close();
  });

  it("renews its lease while a handler takes long, and the transaction still commits", async () => {
    const lab = new Lab();
    const one = await lab.start();
    let end = (): void => {};
    const handler = async (_: unknown, { tx, attempt }: { readonly tx: LabTransaction; readonly attempt: number }) => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      tx.effects.push(attempt);
    };
    const consumer = one.bus.consume("ledger", ["a"], handler, { transaction: true });
    await turns();
    await one.bus.sendone("a", 1);
    await lab.pass(30_000, 500);
    expect(consumer.isActive).toBe(true);
    end();
    await turns();
    expect(lab.ledger).toEqual([1]);
    await one.bus.close();
  });
});
