import assert from "node:assert/strict";
import { describe, it } from "vitest";
import { start, useFakeTime, wait } from "./start.ts";

useFakeTime();

describe("a listener", () => {
  it("hears what it listens to, until its off-function is called", async () => {
    const { bus, mount } = start();
    const heard: unknown[] = [];
    const off = bus.on("notification", ({ id }) => heard.push(id));
    bus.on("status", (status) => heard.push(status));
    await wait();
    mount.send("a");
    await wait();
    off();
    off();
    mount.send("a");
    await wait();
    bus.close();
    assert.deepEqual(heard, ["live", 101, "closed"]);
  });

  it("that throws stops no other, and is reported", async () => {
    const { bus, mount } = start();
    const broken = new RangeError("broken");
    const heard: unknown[] = [];
    bus.on("notification", () => {
      throw broken;
    });
    bus.on("notification", ({ id }) => heard.push(id));
    bus.on("error", ({ code, cause }) => heard.push(code, cause));
    await wait();
    mount.send("a", "a");
    await wait();
    assert.deepEqual(heard, ["thrown", broken, 101, "thrown", broken, 102]);
    assert.equal(bus.status, "live");
    bus.close();
  });

  it("of errors that throws ends nothing either", async () => {
    const { bus, mount, ids } = start();
    const broken = (): never => {
      throw new Error("broken");
    };
    bus.on("error", broken);
    bus.on("notification", broken);
    await wait();
    mount.send("a");
    await wait();
    assert.deepEqual(ids, [101]);
    bus.close();
  });

  it("may close the client, and then hears nothing more of the same send", async () => {
    const { bus, mount, ids, statuses } = start();
    bus.on("notification", () => bus.close());
    await wait();
    mount.send("a", "a");
    await wait(1_000);
    assert.deepEqual([ids, statuses, mount.streams], [[101], ["live", "closed"], 0]);
    bus.close();
  });

  it("finds the position that goes with what it hears", async () => {
    const { bus, mount } = start();
    const lasts: unknown[] = [];
    bus.on("notification", () => lasts.push(bus.last));
    await wait();
    mount.send("a", "a");
    await wait();
    assert.deepEqual(lasts, [101, 102]);
    bus.close();
  });
});
