import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Bus } from "nightbus";
import { afterAll, describe, expect, it, vi } from "vitest";
import { root } from "../../support/language.ts";
import { folderOf, hasPrograms } from "./hosts.ts";

/** The part of rxjs that the tests use. */
interface Observable {
  subscribe(observer: { next?: (value: { id: number }) => void; complete?: () => void }): { unsubscribe(): void };
}

/** A folder that finds the packages of the examples. */
const folder = folderOf(`copies/rxjs-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!hasPrograms)("a bus as an observable of rxjs", () => {
  async function observable(): Promise<{ observe: (bus: Bus, channels: string[]) => Observable }> {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "observe.ts");
    writeFileSync(file, readFileSync(join(root, "test/frameworks/nest/src/observe.ts"), "utf8"));
    return import(/* @vite-ignore */ file);
  }

  it("hands over what is sent, and leaves no waiter when it ends, before any message", async () => {
    const { observe } = await observable();
    await using bus = new Bus();
    await bus.ready();
    const ids: number[] = [];
    const subscription = observe(bus, ["a"]).subscribe({ next: ({ id }) => ids.push(id) });
    await vi.waitFor(() => expect(bus.waiting).toBe(1));
    const id = await bus.sendone("a", 1);
    await vi.waitFor(() => expect(ids).toEqual([id]));
    await vi.waitFor(() => expect(bus.waiting).toBe(1));
    subscription.unsubscribe();
    await vi.waitFor(() => expect(bus.waiting).toBe(0));
  });

  it("completes with the bus", async () => {
    const { observe } = await observable();
    const bus = new Bus();
    const completed = new Promise<void>((resolve) => observe(bus, ["a"]).subscribe({ complete: resolve }));
    await bus.close();
    await completed;
  });

  it("would leave a waiter if rxjs alone looped over the subscription", async () => {
    const { from } = createRequire(join(root, "examples/package.json"))("rxjs") as {
      from: (values: AsyncIterable<unknown>) => Observable;
    };
    await using bus = new Bus();
    await bus.ready();
    const subscription = from(bus.subscribe(["a"])).subscribe({});
    await vi.waitFor(() => expect(bus.waiting).toBe(1));
    subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bus.waiting).toBe(1);
    await bus.sendone("a", 1);
    await vi.waitFor(() => expect(bus.waiting).toBe(0));
  });
});
