import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { Bus } from "../../src/bus.ts";
import { Client } from "../http/conformance/client.ts";
import type { Host } from "../http/conformance/host.ts";
import { openStream } from "../http/conformance/stream.ts";
import { eventually } from "../support/eventually.ts";

/** Longer than the 10 s after which Bun ends a request that idles. */
const IDLE = 12_000;

/** The promise of every mount to clients that hear nothing for longer than that. */
export function describeIdle<Context>(name: string, host: Host<Context>): void {
  it.concurrent(`delivers to a stream, to curl and to a poll that idled for 12 s: ${name}`, {
    timeout: 30_000,
  }, async () => {
    const bus = new Bus();
    const { url, close } = await host.serve(bus, { heartbeat: 60_000 }, {});
    const curl = spawn("curl", ["--silent", "--no-buffer", `${url}/events?channels=a`]);
    let printed = "";
    curl.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    try {
      await bus.ready();
      const stream = await openStream(`${url}/events?channels=a`);
      const poll = new Client(url).poll({ channels: ["a"], last: bus.last });
      const isReady = (): boolean => printed.includes("position") && stream.positions.length === 1 && bus.waiting === 1;
      await eventually(() => `three clients wait: ${printed}`, isReady, 5_000);
      await pause(IDLE);
      expect(stream.over, "the host has ended the stream").toBe(false);
      const id = await bus.sendone("a", "after a while");
      const heard = `data: {"id":${id},"channel":"a","message":"after a while"}`;
      await eventually(
        () => `curl hears ${heard}: ${printed}`,
        () => printed.includes(heard),
        5_000,
      );
      await eventually(
        () => `the stream hears ${heard}: ${stream.text}`,
        () => stream.text.includes(heard),
        5_000,
      );
      expect((await poll).json).toMatchObject({ notifications: [{ id }], missed: false });
    } finally {
      curl.kill();
      await once(curl, "close");
      await bus.close();
      await close();
    }
  });
}
