import { expect, it } from "vitest";
import { until } from "./client.ts";
import type { Start } from "./host.ts";
import { openStream } from "./stream.ts";

/** The ways in which a server ends. */
export function describeClosing<Context>(start: Start<Context>): void {
  it.each([
    ["before", true],
    ["after", false],
  ])(
    "lets its server close, with polls and streams on connections that are kept, when the bus is closed %s it",
    async (_, busFirst) => {
      const { bus, client, stop } = await start();
      await bus.ready();
      expect((await client.get("health")).status).toBe(200);
      const polls = [1, 2].map(() => client.get(`poll?channels=a&last=${bus.last}`));
      const streams = [
        await openStream(`${client.url}/events?channels=a`),
        await openStream(`${client.url}/events?channels=a`),
      ];
      await until(() => bus.waiting === 2 && streams.every(({ positions }) => positions.length === 1));
      const began = performance.now();
      const closing = busFirst ? bus.close() : undefined;
      await closing;
      const stopping = stop();
      await bus.close();
      await stopping;
      expect(performance.now() - began, "sooner than a kept connection ends by itself").toBeLessThan(3_000);
      for (const { status } of await Promise.all(polls)) expect(status).toBe(200);
      await until(() => streams.every(({ over }) => over));
    },
  );

  it("lets its server close though a hook does not answer, and tells its client that it closed", async () => {
    let asked = 0;
    const channels = (): Promise<never> => {
      asked += 1;
      return new Promise(() => {});
    };
    const { bus, client, stop } = await start({ channels });
    const poll = client.get("poll?channels=a");
    await until(() => asked === 1);
    const began = performance.now();
    await bus.close();
    await stop();
    expect(performance.now() - began, "sooner than hookTimeout").toBeLessThan(3_000);
    expect(await poll).toMatchObject({ status: 503, json: { error: { code: "closed" } } });
  });
}
