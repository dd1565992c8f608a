import { expect, it } from "vitest";
import { until } from "./client.ts";
import type { Start } from "./host.ts";

const SECRET = "the password is 1234";

const silent = {
  get message(): string {
    throw new Error(SECRET);
  },
};

/** Values that a hook may throw and that are no refusal. */
const THROWN: readonly unknown[] = [
  new Error(SECRET),
  undefined,
  null,
  SECRET,
  Symbol(SECRET),
  { status: 500, message: SECRET },
  { status: 200, message: SECRET },
  { status: "401", message: SECRET },
  Object.assign(new Error(SECRET), { status: 404, expose: true, headers: { "X-Injected": SECRET } }),
  Object.assign(Object.create(null), { message: SECRET }),
  Object.assign(Object.create(silent), { status: 401 }),
];

/** Values that neither hook may return. */
const RETURNED: readonly unknown[] = [
  undefined,
  null,
  1,
  SECRET,
  { length: 1, 0: "x" },
  new Map([["x", SECRET]]),
  [undefined],
  new Array(2),
  [["x", undefined]],
  [["", SECRET]],
];

/** Hooks that fail: their clients learn nothing, and the application hears of each. */
export function describeHookFailures<Context>(start: Start<Context>): void {
  const body = JSON.stringify({ channels: ["x"], timeout: 0, entries: [["x", 1]] });
  const rpc = JSON.stringify({ jsonrpc: "2.0", id: 1, params: { channels: ["x"], channel: "x", message: 1 } });

  async function fail(hooks: readonly (() => unknown)[]): Promise<void> {
    let hook = (): unknown => true;
    const ask = () => hook() as never;
    const { bus, client } = await start({ channels: ask, send: ask });
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    for (hook of hooks) {
      const replies = [
        await client.get("poll?channels=x&timeout=0"),
        await client.get("events?channels=x"),
        await client.post("poll", body),
        await client.post("poll", rpc),
        await client.post("send", body),
        await client.post("send", rpc),
      ];
      for (const { status, text, headers } of replies) {
        expect(status).toBe(500);
        expect(text).toBe('{"error":{"code":"internal","message":"something went wrong on the server"}}');
        expect(headers.get("x-injected")).toBeNull();
      }
      expect(errors.splice(0).map((error) => error instanceof Error)).toEqual(replies.map(() => true));
    }
    expect(bus.waiting).toBe(0);
    expect(await bus.recent(["x"], 1)).toEqual([]);
  }

  it("keeps to the application whatever a hook throws, or rejects with", async () => {
    const throwing = THROWN.map((thrown) => () => {
      throw thrown;
    });
    const rejecting = [new Error(SECRET), undefined, { status: 200, message: SECRET }].map(
      (thrown) => () => Promise.reject(thrown),
    );
    await fail([...throwing, ...rejecting]);
  });

  it("keeps to the application whatever a hook returns that it may not", async () => {
    await fail(RETURNED.map((returned) => () => returned));
  });

  it("has room for others when a client goes whose hook never settles", async () => {
    const asked: unknown[] = [];
    const channels = (names: readonly string[]) => {
      asked.push(names);
      return asked.length === 1 ? new Promise<never>(() => {}) : names;
    };
    const { bus, client } = await start({ channels, maxWaiting: 1 });
    const gone = new AbortController();
    const held = client.poll({ channels: ["x"], last: 0 }, { signal: gone.signal });
    await until(() => asked.length === 1);
    gone.abort();
    await expect(held).rejects.toThrow();
    expect(await client.poll({ channels: ["x"], last: bus.last, timeout: 1 })).toMatchObject({ status: 200 });
    expect(bus.waiting).toBe(0);
  });
}
