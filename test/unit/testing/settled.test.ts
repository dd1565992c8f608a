import { setImmediate, setTimeout } from "node:timers/promises";
import { mount } from "nightbus/fetch";
import { type FakeBus, fakeBus, ManualClock } from "nightbus/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let bus: FakeBus;
beforeEach(() => {
  bus = fakeBus();
});
afterEach(() => bus.close());

describe("settled", () => {
  it("waits for code however many promises it awaits", async () => {
    void sendAfter(async () => {
      for (let hop = 0; hop < 5_000; hop += 1) await null;
    });
    await bus.settled();
    bus.expectSent("orders");
  });

  it("waits for the next turns of the event loop, and not for time to pass", async () => {
    void sendAfter(() => setImmediate());
    const later = sendAfter(() => setTimeout(20));
    await bus.settled();
    expect(bus.sent.count).toBe(1);
    await later;
    expect(bus.sent.count).toBe(2);
  });

  it("waits until a stream has got what is due at once, also when it is more than may be unsent", async () => {
    const handler = mount(bus, { maxBuffered: 1_000, channels: (asked) => asked });
    const read = reading(await handler(new Request("http://shop.test/events?channels=orders&last=0")));
    await read();
    const long = "a".repeat(900);
    for (let id = 1; id <= 5; id += 1) {
      bus.receive("orders", long);
      void bus.poll(["orders"], 0, 0); // `settled` ends the tick, so that the stream gets each notification alone
    }
    expect((await read()).match(/^id: \d+$/gm)).toEqual(["id: 1", "id: 2", "id: 3", "id: 4", "id: 5"]);
  });

  it("rejects with what a listener threw, unless somebody listens to errors", async () => {
    bus.on("notification", ({ message }) => Object.assign(message as object, { total: 2 }));
    await bus.sendone("orders", { total: 1 });
    await expect(bus.settled()).rejects.toThrow(TypeError);
    await bus.settled();
    bus.receive("orders", { total: 1 });
    await expect(bus.advance(1)).rejects.toThrow(TypeError);
    const errors: Error[] = [];
    bus.on("error", (error) => errors.push(error));
    await bus.sendone("orders", { total: 1 });
    await bus.settled();
    expect(errors).toHaveLength(1);
  });
});

describe("advance", () => {
  it("adds up, also where it is not awaited", async () => {
    await bus.sendone("mail", 1); // retained rows are swept each minute
    let answered = false;
    void bus.poll(["orders"], 0, 20 * 60_000).then(() => {
      answered = true;
    });
    void bus.advance(10 * 60_000);
    await bus.advance(10 * 60_000);
    expect(answered).toBe(true);
  });

  it("is not told of what failed before a reset", async () => {
    bus.on("notification", () => {
      throw new Error("of the test before");
    });
    await bus.sendone("orders", { total: 1 });
    bus.reset();
    await bus.advance(1);
  });

  it("calls timers of the same time in the order in which they were set", () => {
    const clock = new ManualClock();
    const order: number[] = [];
    for (const index of [0, 1, 2]) clock.setTimeout(() => order.push(index), 10);
    clock.setTimeout(() => order.push(3), 5);
    clock.advance(10);
    expect(order).toEqual([3, 0, 1, 2]);
  });

  it("lets what falls due at the same time happen in the order in which it was asked for", async () => {
    const order: number[] = [];
    for (const index of [0, 1, 2]) void bus.poll(["orders"], 0, 1_000).then(() => order.push(index));
    await bus.advance(1_000);
    expect(order).toEqual([0, 1, 2]);
  });

  it("moves heartbeats of streams, which are told of a restart and go on after a reset", async () => {
    const handler = mount(bus, { heartbeat: 20_000, channels: (asked) => asked });
    const response = await handler(new Request("http://shop.test/events?channels=orders&last=0"));
    const read = reading(response);
    expect(await read()).toMatch(/^retry: \d+\nevent: position\ndata: \{"last":0,"heartbeat":20000\}\nid: 0\n\n$/);
    await bus.sendone("orders", 1);
    expect(await read()).toBe('data: {"id":1,"channel":"orders","message":1}\nid: 1\n\n');
    await bus.advance(19_999);
    expect(await read()).toBe("");
    await bus.advance(1);
    expect(await read()).toBe('event: position\ndata: {"last":1}\nid: 1\n\n');
    bus.restart();
    expect(await read()).toBe('event: missed\ndata: {"last":1}\nid: 1000000\n\n');
    bus.reset();
    await bus.sendone("orders", 2);
    expect(await read()).toBe('data: {"id":1,"channel":"orders","message":2}\nid: 1\n\n');
    await bus.close();
    expect(await read()).toBe("the end");
  });
});

async function sendAfter(work: () => Promise<unknown>): Promise<void> {
  await work();
  await bus.sendone("orders", { total: 1 });
}

/** Returns the chunks of a response's body, as often as it is asked. */
function reading(response: Response): () => Promise<string> {
  let text = "";
  const done = response.body!.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(chunk) {
        text += chunk;
      },
      close() {
        text += "the end";
      },
    }),
  );
  done.catch(() => {});
  return async () => {
    await bus.settled();
    const read = text;
    text = "";
    return read;
  };
}
