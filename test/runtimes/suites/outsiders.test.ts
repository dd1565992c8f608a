import { createRequire } from "node:module";
import { join } from "node:path";
import { EventSource as EventSourceOfPackage } from "eventsource";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { onEveryHost } from "../../http/conformance/hosts.ts";
import { Bed } from "../../http/outsiders/bed.ts";
import { listen, type Outsider, withLastEventId } from "../../http/outsiders/heard.ts";
import { describeOutsider } from "../../http/outsiders/laws.ts";
import { application } from "../packed.ts";
import { runtimeHere } from "../runtimes.ts";

type Source = Parameters<typeof listen>[0] & { close(): void };

/** The result of autocannon, as far as tests read it. */
interface Shots {
  readonly errors: number;
  readonly non2xx: number;
  readonly requests: { readonly total: number };
}

const load = createRequire(join(application, "package.json"));
const autocannon = load("autocannon") as (options: object) => Promise<Shots>;
const undici = load("undici") as { readonly EventSource: new (url: string) => Source };

const by =
  (Source: new (url: string) => Source): Outsider =>
  (asked, tell) => {
    const source = new Source(withLastEventId(asked));
    listen(source, tell);
    return () => source.close();
  };

const { EventSource: own } = globalThis as { EventSource?: new (url: string) => Source };

/** The clients of server-sent events that run here. That of undici is Node's own behind a flag, and needs Node. */
const OUTSIDERS: Readonly<Record<string, Outsider>> = {
  "eventsource 5": by(EventSourceOfPackage),
  ...(runtimeHere().startsWith("Node") && { "undici's EventSource": by(undici.EventSource) }),
  ...(own && { "the runtime's EventSource": by(own) }),
};

describe("clients of others", () => {
  beforeAll(() => {
    vi.spyOn(Math, "random").mockReturnValue(0); // each pause is the shortest that the mount asks for
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });

  for (const [name, outsider] of Object.entries(OUTSIDERS)) {
    describeOutsider(name, (test) => async () => {
      const bed = new Bed(() => {});
      await bed.start();
      const stops: (() => void)[] = [];
      try {
        await test({ bed, hear: async (asked, tell) => void stops.push(outsider(asked, tell)) });
      } finally {
        for (const stop of stops) stop();
        await bed.close();
      }
    });
  }
});

onEveryHost((name, host) => {
  it(`autocannon counts no error on ${name}`, async () => {
    const bus = new Bus();
    const { url, close } = await host.serve(bus, {}, {});
    onTestFinished(async () => {
      await bus.close();
      await close();
    });
    await bus.sendmany([1, 2, 3].map((n) => ["a", n] as const));
    const body = JSON.stringify({ channels: ["a"], last: 0 });
    const headers = { "content-type": "application/json" };
    const { errors, non2xx, requests } = await autocannon({
      url: `${url}/poll`,
      method: "POST",
      body,
      headers,
      connections: 4,
      amount: 400,
    });
    expect({ errors, non2xx, answered: requests.total }).toEqual({ errors: 0, non2xx: 0, answered: 400 });
  });
});
