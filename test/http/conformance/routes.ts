import { expect, it } from "vitest";
import { Bus } from "../../../src/bus.ts";
import type { Start } from "./host.ts";
import { raw } from "./raw.ts";

/** Which paths are the mount's. */
export function describeRoutes<Context>(start: Start<Context>): void {
  it("answers one segment below the mount, as it is written, and nothing else", async () => {
    const { bus, client } = await start({ send: () => true });
    const body = '{"entries":[["x",1]]}';
    for (const path of [
      "x/send",
      "x/y/send",
      "/send",
      "//send",
      "send/",
      "SEND",
      "%73end",
      "send%2f",
      "x%2fsend",
      "../send",
      "x/../send/",
      "send;a",
      "longpolling/send",
    ]) {
      const text = await raw(client.url, path, body);
      expect([path, /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]]).toEqual([path, "404"]);
    }
    expect(await bus.recent(["x"], 1)).toEqual([]);
    expect(await raw(client.url, "send", body)).toMatch(/^HTTP\/1\.1 200/);
    expect(await raw(client.url, "send?x/y", body)).toMatch(/^HTTP\/1\.1 200/);
  });

  it("mounts twelve times on one bus without a warning", async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on("warning", warned);
    const bus = new Bus();
    for (let n = 0; n < 12; n += 1) await start({}, bus);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", warned);
    expect(warnings).toEqual([]);
  });
}
