import fc from "fast-check";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { mount } from "../../src/http/fetch.ts";
import { mount as mountOnHono } from "../../src/http/hono.ts";
import { Client } from "./conformance/client.ts";
import { onEveryHost } from "./conformance/hosts.ts";
import { HANDLERS, HOSTS, INPUTS_OF_A_HANDLER, INPUTS_OF_A_HOST } from "./hostile/amounts.ts";
import { Bed, MOUNTS, type Options } from "./hostile/bed.ts";
import { exchange } from "./hostile/exchange.ts";
import { requests } from "./hostile/requests.ts";
import { writtenRequests } from "./hostile/written.ts";

type Handle = (request: Request) => Promise<Response> | Response;

const handlers: Readonly<Record<string, (bed: Bed, options: Options) => Handle>> = {
  "the handler of nightbus/fetch": ({ bus }, options) => mount(bus, { ...options, prefix: "/longpolling" }),
  "Hono, handed requests": ({ bus }, options) => new Hono().all("/longpolling/*", mountOnHono(bus, options)).fetch,
};
const hosts: string[] = [];

onEveryHost((name, host) => {
  hosts.push(name);
  describe(`a mount on ${name}, whatever is sent to it`, () => {
    it.each(MOUNTS)("breaks nothing and gives away nothing %s", async (_, options) => {
      const bed = await Bed.make(options);
      const served = await host.serve(bed.bus, options, {});
      const url = new URL(served.url);
      await tries(writtenRequests, INPUTS_OF_A_HOST, async (written) => {
        const text = await exchange(url, written);
        const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
        bed.checkAnswer(text, statuses);
        if (written.isWhole) expect(statuses).not.toEqual([]);
      });
      await bed.checkRest();
      const poll = await new Client(served.url).poll({ channels: ["lobby"], timeout: 0 });
      expect(poll).toMatchObject({ status: 200, json: { notifications: expect.anything() } });
      await served.close();
      await bed.bus.close();
    });
  });
});

describe.each(Object.entries(handlers))("%s, whatever they are", (_, handlerOf) => {
  it.each(MOUNTS)("breaks nothing and gives away nothing %s", async (__, options) => {
    const bed = await Bed.make(options);
    const handle = handlerOf(bed, options);
    await tries(requests, INPUTS_OF_A_HANDLER, async (make) => {
      const { status, headers, body } = await handle(await make());
      const text = body === null ? "" : await new Response(body).text();
      bed.checkAnswer(`${JSON.stringify([...headers])}\n${text}`, [status]);
    });
    await bed.checkRest();
    const good = await handle(new Request("http://localhost/longpolling/poll?channels=lobby&timeout=0"));
    expect(good.status).toBe(200);
    await bed.bus.close();
  });
});

it("is tried on as many hosts and handlers as the number of inputs says", () => {
  expect([hosts.length, Object.keys(handlers).length]).toEqual([HOSTS, HANDLERS]);
});

/** Half of the inputs on each of the two mounts. */
function tries<T>(inputs: fc.Arbitrary<T>, count: number, attempt: (input: T) => Promise<void>): Promise<void> {
  return fc.assert(fc.asyncProperty(inputs, attempt), { numRuns: count / MOUNTS.length });
}
