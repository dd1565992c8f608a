import { Bus } from "nightbus";
import { describe, expect, it } from "vitest";
import { Endpoint } from "../../src/http/endpoint.ts";
import { makeStreams, SinkDouble } from "./sinks.ts";

describe("a stream", () => {
  it("gets the rows of one tick in one write, whose bytes all streams of these channels share", async () => {
    const bed = await makeStreams();
    const streams = [await bed.open("a"), await bed.open("a"), await bed.open("b")];
    const [one, other, third] = streams.map(({ sink }) => sink);
    const sends = [
      bed.bus.sendone("a", 1),
      bed.bus.sendmany([
        ["a", 2],
        ["b", 3],
      ]),
      bed.bus.sendone("a", 4),
    ];
    await Promise.all(sends);
    expect(one!.texts).toEqual([frames(["a", 1], ["a", 2], ["a", 4])]);
    expect(third!.texts).toEqual([frames(["b", 3])]);
    expect(other!.writes[1]).toBe(one!.writes[1]);
    await bed.bus.close();
  });

  it("shares its bytes with all that watch the same channels, whoever else watches some of them", async () => {
    const bed = await makeStreams();
    const sinks: SinkDouble[] = [];
    for (const channels of [["a"], ["a", "b"], ["a"], ["a", "b"]]) sinks.push((await bed.open(...channels)).sink);
    await bed.bus.sendmany([
      ["a", 1],
      ["b", 2],
    ]);
    const [one, two, third, fourth] = sinks.map(({ writes }) => writes[1]);
    expect([third === one, fourth === two]).toEqual([true, true]);
    await bed.bus.close();
  });

  it("is handed what came on several of its channels as one", async () => {
    const bed = await makeStreams();
    const { sink } = await bed.open("a", "b", "c");
    await bed.bus.sendmany([
      ["b", 1],
      ["a", 2],
      ["d", 3],
      ["b", 4],
    ]);
    expect(sink.texts).toEqual([frames(["b", 1], ["a", 2], ["b", 4])]);
    await bed.bus.close();
  });

  it("catches up in pages, each after the one before has drained, and cuts no send", async () => {
    const bed = await makeStreams({}, 2);
    await bed.bus.sendmany([
      ["a", 1],
      ["a", 2],
      ["a", 3],
    ]);
    await bed.bus.sendmany([
      ["a", 4],
      ["a", 5],
    ]);
    const sink = new SinkDouble();
    sink.reads = false;
    await bed.openOn(sink, "channels=a&last=0");
    expect(sink.texts).toEqual([frames(["a", 1], ["a", 2], ["a", 3])]);
    await bed.bus.sendone("a", 6);
    bed.clock.advance(15_000);
    sink.unsent = 0; // the stream is about to drain
    bed.clock.advance(15_000);
    expect(sink.texts, "neither news nor a heartbeat before it has caught up").toHaveLength(1);
    sink.take();
    expect(sink.texts.slice(1)).toEqual([frames(["a", 4], ["a", 5])]);
    sink.reads = true;
    sink.take();
    expect(sink.texts.slice(2)).toEqual([frames(["a", 6])]);
    await bed.bus.sendone("a", 7);
    expect(sink.texts.slice(3)).toEqual([frames(["a", 7])]);
    await bed.bus.close();
  });

  it("catches up in pages of no more than maxBuffered, but for a send that is larger", async () => {
    const bed = await makeStreams({ maxBuffered: 1_000 });
    const texts = [100, 2_000, 100, 100, 100, 700, 700].map((length) => "x".repeat(length));
    for (const text of texts) await bed.bus.sendone("a", text);
    await bed.bus.sendmany(texts.map((text) => ["a", text] as const));
    const sink = new SinkDouble();
    sink.reads = false;
    await bed.openOn(sink, "channels=a&last=0");
    const pages: number[] = [];
    while (sink.texts.length > pages.length) {
      pages.push(sink.texts.at(-1)!.split("data:").length - 1);
      sink.take();
    }
    expect(pages).toEqual([1, 1, 3, 1, 1, 7]);
    await bed.bus.close();
  });

  it("that throws ends, stops no other, and is reported", async () => {
    const bed = await makeStreams();
    const errors: Error[] = [];
    bed.bus.on("error", (error) => errors.push(error));
    const broken = await bed.open("a");
    const fault = new Error("no more");
    broken.sink.write = () => {
      throw fault;
    };
    const { sink, waiting } = await bed.open("a");
    await bed.bus.sendone("a", 1);
    await bed.bus.sendone("a", 2);
    expect(sink.texts).toEqual([frames(["a", 1]), frames(["a", 2])]);
    expect([broken.sink.state, waiting(), errors]).toEqual(["ended", 1, [fault]]);
    await bed.bus.close();
  });

  it("beats every heartbeat with its own position, but not while its client has yet to take something", async () => {
    const bed = await makeStreams();
    const { sink } = await bed.open("a");
    await bed.bus.sendone("elsewhere", 1);
    bed.clock.advance(14_000);
    expect(sink.texts).toEqual([]);
    bed.clock.advance(1_004);
    const { last } = bed.bus;
    expect(sink.texts).toEqual([`event: position\ndata: {"last":${last}}\nid: ${last}\n\n`]);
    sink.unsent = 1;
    bed.clock.advance(15_004);
    expect(sink.texts).toHaveLength(1);
    sink.take();
    bed.clock.advance(15_004);
    expect(sink.texts).toHaveLength(2);
    await bed.bus.close();
  });

  it("allows one write of any size on an empty buffer, and ends a client that has more than maxBuffered unsent", async () => {
    const bed = await makeStreams({ maxBuffered: 100 });
    const { sink, waiting } = await bed.open("a");
    sink.reads = false;
    await bed.bus.sendone("a", "x".repeat(1_000));
    expect([sink.texts.length, sink.state]).toEqual([1, "open"]);
    await bed.bus.sendone("a", 2);
    bed.clock.advance(1);
    expect([sink.texts.length, sink.state, waiting()]).toEqual([1, "ended", 0]);
    await bed.bus.sendone("a", 3);
    bed.clock.advance(9_000);
    expect(sink.state, "it may still take what was written").toBe("ended");
    bed.clock.advance(1_004);
    expect(sink.state).toBe("destroyed");
    await bed.bus.close();
  });

  it("that has ended before the bus closes is waited for no longer", async () => {
    const bed = await makeStreams({ maxAge: 1_000 });
    const { sink } = await bed.open("a");
    sink.unsent = 1;
    bed.clock.advance(1_004);
    expect(sink.state).toBe("ended");
    await bed.bus.close();
    expect(sink.state).toBe("destroyed");
  });

  it.each([
    ["has taken all", 0],
    ["has taken some", 5],
  ])(
    "blames no client for what came in one turn of the event loop when it %s, and gives it the rest",
    async (_, unsent) => {
      const bed = await makeStreams({ maxBuffered: 100 });
      const { sink } = await bed.open("a");
      sink.reads = false;
      for (const n of [1, 2, 3, 4]) await bed.bus.sendone("a", n);
      expect(sink.texts.length).toBeLessThan(4);
      sink.unsent = unsent;
      sink.reads = true;
      bed.clock.advance(1);
      sink.take();
      await bed.bus.sendone("a", 5);
      expect(sink.texts.join("")).toEqual(frames(["a", 1], ["a", 2], ["a", 3], ["a", 4], ["a", 5]));
      await bed.bus.close();
    },
  );

  it("ends at maxAge, and with the bus, after what was queued", async () => {
    const bed = await makeStreams({ maxAge: 20_000, heartbeat: 8_000 });
    const old = await bed.open("a");
    bed.clock.advance(20_004);
    expect(old.sink.state).toBe("ended");
    const { sink } = await bed.open("a");
    void bed.bus.sendone("a", "queued");
    await bed.bus.close();
    expect([sink.texts, sink.state]).toEqual([[frames(["a", "queued"])], "ended"]);
  });

  it("leaves nothing behind when its client goes, also while it catches up", async () => {
    const bed = await makeStreams({}, 1);
    await bed.bus.sendone("a", 1);
    await bed.bus.sendone("a", 2);
    const sink = new SinkDouble();
    sink.reads = false;
    const gone = await bed.openOn(sink, "channels=a&last=0");
    const live = await bed.open("a");
    for (const leave of [gone, live.gone]) leave();
    sink.take();
    await bed.bus.sendone("a", 3);
    bed.clock.advance(100_000);
    expect([sink.texts.length, live.sink.texts.length, live.waiting()]).toEqual([1, 0, 0]);
    expect([sink.state, live.sink.state]).toEqual(["ended", "ended"]);
    await bed.bus.close();
  });

  it("counts what is unsent, and no more, for a client that is always a little behind", async () => {
    const bed = await makeStreams();
    const { sink } = await bed.open("a");
    sink.reads = false;
    for (let n = 0; n < 500; n += 1) {
      await bed.bus.sendone("a", "x".repeat(1_000));
      sink.unsent = sink.writes.at(-1)!.length; // the client takes the frame before
    }
    expect(sink.texts).toHaveLength(500);
    expect(bed.bus.stats().unsent).toBeGreaterThan(1_000);
    expect(bed.bus.stats().unsent).toBeLessThan(3_000);
    sink.take();
    await bed.bus.sendone("a", "all was taken before");
    expect(bed.bus.stats().unsent).toBe(0);
    await bed.bus.close();
  });

  it("counts at each look what is unsent then, also of news that came while nothing was", async () => {
    const bed = await makeStreams({ unsentTimeout: 30_000 });
    const { sink } = await bed.open("a");
    sink.reads = false;
    await bed.bus.sendone("a", "x".repeat(1_000));
    bed.clock.advance(15_004);
    expect(bed.bus.stats().unsent).toBeGreaterThan(1_000);
    sink.unsent = 10;
    bed.clock.advance(15_004);
    expect(bed.bus.stats().unsent).toBe(10);
    for (const length of [100, 200, 300]) await bed.bus.sendone("a", "x".repeat(length));
    sink.unsent = 50;
    bed.clock.advance(15_004);
    expect(bed.bus.stats().unsent).toBeGreaterThan(300);
    expect(bed.bus.stats().unsent).toBeLessThan(400);
    sink.unsent = 0;
    bed.clock.advance(15_004);
    expect(bed.bus.stats().unsent).toBe(0);
    await bed.bus.close();
  });

  it("says missed where others trimmed what it never saw, or what it was too slow for", async () => {
    const bed = await makeStreams({}, 1, 2);
    const ids: number[] = [];
    for (const n of [1, 2]) ids.push(await bed.bus.sendone("a", n));
    const sink = new SinkDouble();
    sink.reads = false;
    await bed.openOn(sink, "channels=a&last=0");
    for (const n of [3, 4]) ids.push(await bed.bus.sendone("a", n));
    sink.take();
    const missed = `event: missed\ndata: {"last":${ids[0]}}\nid: ${ids[1]}\n\n`;
    expect(sink.texts).toHaveLength(2);
    expect(sink.texts[1]?.slice(0, missed.length)).toBe(missed);
    expect(sink.texts[1]?.slice(missed.length)).toEqual(frames(["a", 3]));
    await bed.bus.close();
  });

  it("says nothing of what was trimmed before it began from 0, and speaks of a gap once, however many pages follow", async () => {
    const bed = await makeStreams({}, 1, 3);
    const start = bed.bus.last;
    for (const name of ["b", "b", "b", "a", "a", "a", "a"]) await bed.bus.sendone(name, name);
    const [all, late] = [new SinkDouble(), new SinkDouble()];
    await bed.openOn(all, "channels=a&channels=b&last=0");
    await bed.openOn(late, `channels=a&channels=b&last=${start}`);
    const missed = (sink: SinkDouble): number => sink.texts.filter((text) => text.includes("event: missed")).length;
    expect([missed(all), missed(late)]).toEqual([0, 1]);
    expect([all.texts.length, late.texts.length]).toEqual([6, 6]);
    await bed.bus.close();
  });
});

it("refuses a heartbeat that would never rest", () => {
  const bus = new Bus();
  for (const heartbeat of [0, -1, Number.NaN]) {
    expect(() => new Endpoint(bus, { heartbeat })).toThrow(/heartbeat must be a number .*got (0|-1|NaN)/);
  }
  for (const heartbeat of [1, Number.POSITIVE_INFINITY]) new Endpoint(bus, { heartbeat, maxAge: 0, timeout: 0 });
});

// Ids differ from run to run, so that frames are compared by their data.
function frames(...entries: readonly (readonly [channel: string, message: unknown])[]): unknown {
  const blocks = entries.map(([channel, message]) => {
    const data = `"channel":${JSON.stringify(channel)},"message":${JSON.stringify(message)}}`;
    return `data: {"id":\\d+,${data}\nid: \\d+\n\n`;
  });
  return expect.stringMatching(new RegExp(`^${blocks.join("").replace(/[{}]/g, "\\$&")}$`));
}
