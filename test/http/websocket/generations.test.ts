import { describe, expect, it, onTestFinished } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { type Bed, makeBed, type Options } from "./bed.ts";
import { type Generation, OdooClient } from "./odoo-client.ts";

/** Makes a client whose time is the bed's clock. */
function clientOf(bed: Bed, generation: Generation, last?: number): OdooClient {
  const plan = (work: () => void, ms: number): (() => void) => {
    const timer = bed.clock.setTimeout(work, ms);
    return () => bed.clock.clearTimeout(timer);
  };
  const client = new OdooClient(generation, bed.url(""), plan, { last });
  onTestFinished(() => client.stop());
  return client;
}

async function started(options: Options, generation: Generation, ...channels: readonly string[]) {
  const bed = await makeBed(options);
  const client = clientOf(bed, generation);
  for (const channel of channels) client.add(channel);
  client.start();
  await ready(bed, client);
  return { bed, client };
}

/** Resolves when a client is open, and its last list is read. */
async function ready(bed: Bed, client: OdooClient): Promise<void> {
  await until(() => client.isOpen, "the client is open");
  await turns(6);
  bed.clock.advance(300);
  await turns(10);
}

describe.each([16, 17, 18, 19] as const)("a client of Odoo %d", (generation) => {
  it("hears what is sent on its channels, those that it adds and not those that it removes", async () => {
    const { bed, client } = await started({}, generation, "a");
    await bed.bus.sendone("a", { type: "t", payload: 1 });
    await bed.bus.sendone("b", 2);
    client.add("b");
    await ready(bed, client);
    client.remove("a");
    await ready(bed, client);
    await bed.bus.sendmany([
      ["a", 3],
      ["b", 4],
    ]);
    await until(() => client.heard.length === 3, "all is heard");
    expect(client.heard.map(({ message }) => message)).toEqual([
      { type: "t", payload: 1 },
      { type: "b", payload: 2 },
      { type: "b", payload: 4 },
    ]);
    expect([client.last, bed.bus.stats().badFrames]).toEqual([bed.bus.last, 0]);
  });

  it("hears each notification once through cuts, a busy server, closes and its keep-alive", async () => {
    let isBusy = false;
    const { bed, client } = await started(
      {
        maxAge: 100_000,
        user: () => {
          if (isBusy) throw Object.assign(new Error("busy"), { status: 403 });
          return undefined;
        },
      },
      generation,
      "a",
    );
    const ids: number[] = [];
    const send = async (): Promise<void> => void ids.push(await bed.bus.sendone("a", ids.length));
    const comeBack = async (): Promise<void> => {
      const { connections } = client;
      await send();
      await until(() => !client.isOpen, "the socket has gone");
      await turns(6);
      await bed.pass(3_000, 500);
      await until(() => client.connections > connections, "the client comes back");
      await ready(bed, client);
      await send();
      await until(() => client.heard.length === ids.length, "nothing is lost");
    };
    await send();
    client.cut();
    await comeBack();
    expect(client.pauses.at(-1)).toBeGreaterThanOrEqual(1_500);
    expect(client.pauses.at(-1)).toBeLessThanOrEqual(2_600);
    for (let passed = 0; client.closes.length < 2; passed += 100) {
      await bed.pass(100, 100);
      expect(passed).toBeLessThan(160_000);
    }
    await comeBack();
    expect([client.closes.at(-1), client.pauses.at(-1)! < 1_000]).toEqual(["4002 KEEP_ALIVE_TIMEOUT", true]);
    isBusy = true;
    client.cut();
    for (const most of [2_600, 3_300, 4_400]) {
      const { connections } = client;
      await bed.pass(most + 100, 100);
      expect(client.connections).toBe(connections + 1);
      await until(() => !client.isOpen, "the handshake is refused");
      await turns(6);
    }
    isBusy = false;
    await bed.pass(6_200, 100);
    await ready(bed, client);
    await send();
    await until(() => client.heard.length === ids.length, "nothing is lost");
    expect(client.heard.map(({ id }) => id)).toEqual(ids);
    expect(bed.errors).toEqual([]);
  });

  it("comes back with the next session after its own has ended", async () => {
    let isAlive = true;
    const { bed, client } = await started({ alive: () => isAlive }, generation, "a");
    isAlive = false;
    await bed.bus.sendone("a", 1);
    await until(() => client.closes.length === 1, "the session has ended");
    isAlive = true;
    await bed.pass(3_000, 500);
    await ready(bed, client);
    await until(() => client.heard.length === 1, "nothing is lost");
    expect(client.closes).toEqual(["4001 SESSION_EXPIRED"]);
  });

  it("stays away for good when the server has another version", async () => {
    const bed = await makeBed({ version: "20.0-1" });
    const client = clientOf(bed, generation);
    client.start();
    await until(() => client.isAway, "the client gives up");
    await bed.pass(60_000, 10_000);
    expect([client.closes, client.connections]).toEqual([["1000 OUTDATED_VERSION"], 1]);
  });

  it("is kept for an hour of silence, by pings alone", async () => {
    const { bed, client } = await started({}, generation, "a");
    await bed.pass(3_500_000, 5_000);
    expect([client.connections, client.closes, bed.bus.stats().badFrames]).toEqual([1, [], 0]);
    await bed.bus.sendone("a", 1);
    await until(() => client.heard.length === 1, "the silence is over");
  });

  it("with a position of another life gets the last 50 s, and lowers its position", async () => {
    const bed = await makeBed();
    const ahead = bed.bus.last + 1_000_000;
    await bed.bus.sendone("a", "old");
    bed.clock.advance(60_000);
    const id = await bed.bus.sendone("a", "young");
    const client = clientOf(bed, generation, ahead);
    client.add("a");
    client.start();
    await ready(bed, client);
    await until(() => client.heard.length === 1, "the young one comes");
    expect([client.heard[0]?.message.payload, client.last]).toEqual(["young", id]);
  });
});

it("a client of Odoo 16 that adds eleven channels at once is told to try later, and comes back", async () => {
  const { bed, client } = await started({}, 16, "a");
  for (let n = 0; n < 11; n += 1) client.add(`b${n}`);
  await until(() => client.closes.length === 1, "the rate limit is reached");
  expect(client.closes).toEqual(["1013 TRY_LATER"]);
  await bed.pass(3_000, 500);
  await ready(bed, client);
  await bed.bus.sendone("b10", 1);
  await until(() => client.heard.length === 1, "nothing is lost");
});
