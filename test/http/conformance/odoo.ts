import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { type Client, until } from "./client.ts";
import type { Start } from "./host.ts";

interface Result {
  readonly result: readonly { readonly id: number; readonly message: unknown }[];
}

/** The loop of Odoo's pages: they keep the largest id that they saw, only ever raise it, and ask again at once. */
class OdooPage {
  readonly heard: unknown[] = [];
  last: unknown;
  requests = 0;
  readonly #client: Client;
  readonly #channels: readonly string[];

  constructor(client: Client, channels: readonly string[], last: unknown) {
    this.#client = client;
    this.#channels = channels;
    this.last = last;
  }

  async poll(options: object = {}): Promise<Headers> {
    this.requests += 1;
    const params = { channels: this.#channels, last: this.last, options };
    const body = JSON.stringify({ jsonrpc: "2.0", method: "call", params, id: this.requests });
    const headers = { "content-type": "application/json-rpc" };
    const reply = await this.#client.post("poll", body, { headers });
    expect(reply.status).toBe(200);
    for (const { id, message } of (reply.json as Result).result) {
      this.heard.push(message);
      this.last = Math.max(Number(this.last) || 0, id);
    }
    return reply.headers;
  }
}

/** The needs of Odoo's pages of versions 8 to 14, so that no page asks without end. */
export function describeOdoo<Context>(start: Start<Context>): void {
  async function waits(page: OdooPage, bus: Bus, missed: string | null): Promise<void> {
    const held = page.poll();
    await until(() => bus.waiting === 1);
    await bus.sendone("elsewhere", 0);
    expect(bus.waiting, "what comes elsewhere wakes it not").toBe(1);
    await bus.sendone("a", "news");
    expect((await held).get("nightbus-missed")).toBe(missed);
    expect([page.heard.at(-1), page.last, page.requests]).toEqual(["news", bus.last, 1]);
  }

  it("holds an Odoo page that has missed something and has nothing to be given", async () => {
    const { bus, client } = await start({}, new Bus({ retention: { count: 1, total: 1 } }));
    const id = await bus.sendone("a", 1);
    await bus.sendone("a", 2);
    await bus.sendone("b", 3); // there is room for one in all
    await waits(new OdooPage(client, ["a"], id), bus, "true");
  });

  it.each([1, 1e9])("holds an Odoo page whose last lies %i beyond the newest id, from now on", async (lead) => {
    const { bus, client } = await start();
    await bus.sendone("a", "old");
    const page = new OdooPage(client, ["a"], bus.last + lead);
    const held = page.poll();
    await until(() => bus.waiting === 1);
    await bus.sendone("a", "news");
    expect((await held).get("nightbus-missed")).toBe("true");
    expect(page.heard).toEqual(["news"]);
  });

  it("gives an Odoo page of another life what there is, and holds it then", async () => {
    const { bus, client } = await start();
    const id = await bus.sendone("a", "old");
    const page = new OdooPage(client, ["a"], 7);
    expect((await page.poll()).get("nightbus-missed")).toBe("true");
    expect([page.heard, page.last]).toEqual([["old"], id]);
    const held = page.poll();
    await until(() => bus.waiting === 1);
    await bus.sendone("a", "news");
    expect((await held).get("nightbus-missed")).toBeNull();
    const other = new OdooPage(client, ["b"], 7).poll();
    await until(() => bus.waiting === 1);
    await bus.sendone("b", "news");
    expect((await other).get("nightbus-missed")).toBe("true");
  });

  it("answers a peek from beyond the newest id at once, with what there is", async () => {
    const { bus, client } = await start();
    const id = await bus.sendone("x", 1);
    const params = { channels: ["x"], last: id + 5, options: { peek: true } };
    const reply = await client.poll({ jsonrpc: "2.0", id: 1, params });
    expect(reply.json).toMatchObject({ result: { notifications: [{ id }], channels: ["x"] } });
    expect(reply.headers.get("nightbus-missed")).toBe("true");
  });

  it.each([
    ["without a hook", undefined],
    ["whose hook leaves none", () => []],
    ["whose hook leaves none, later", async () => []],
  ])("waits to the timeout with an empty list of channels %s", async (_, channels) => {
    const clock = new ManualClock();
    const { bus, client } = await start(channels === undefined ? {} : { channels }, new Bus({ clock }));
    await bus.ready();
    const page = new OdooPage(client, [], 0);
    let isOver = false;
    const held = page.poll().finally(() => {
      isOver = true;
    });
    const second = new OdooPage(client, [], false).poll();
    await client.get("health"); // which comes after both
    clock.advance(49_000);
    await client.get("health");
    expect(isOver).toBe(false);
    while (!isOver) {
      clock.advance(1_000);
      await client.get("health");
    }
    await Promise.all([held, second]);
    expect(page.heard).toEqual([]);
  });

  it("answers an empty list at once where it is peeked at, and when the bus closes", async () => {
    let asked = 0;
    const channels = () => {
      asked += 1;
      return [];
    };
    const { bus, client } = await start({ channels });
    await bus.ready();
    const peek = await client.poll({ jsonrpc: "2.0", id: 1, params: { channels: [], options: { peek: true } } });
    expect(peek.json).toMatchObject({ result: { notifications: [], channels: [] } });
    const page = new OdooPage(client, [], 0);
    const held = page.poll();
    await until(() => asked === 2);
    await bus.close();
    await held;
    expect(page.heard).toEqual([]);
  });

  it.each([null, false, 0, undefined])("takes last %j for the first poll", async (last) => {
    const { bus, client } = await start();
    await bus.sendone("a", "first");
    const page = new OdooPage(client, ["a"], last);
    expect((await page.poll()).get("nightbus-missed")).toBeNull();
    expect(page.heard).toEqual(["first"]);
  });
}
