import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Client } from "../conformance/client.ts";
import { onEveryHost } from "../conformance/hosts.ts";
import { PER_HOST } from "./hostile/amounts.ts";
import { Bed, MOUNTS } from "./hostile/bed.ts";
import { exchange } from "./hostile/exchange.ts";
import { writtenRequests } from "./hostile/written.ts";

onEveryHost((name, host) => {
  describe(`a mount on ${name}, whatever is sent to it`, () => {
    it.each(MOUNTS)("breaks nothing, and gives away nothing, %s", async (_, options) => {
      const bed = new Bed(options);
      await bed.seed();
      const served = await host.serve(bed.bus, options, {});
      const url = new URL(served.url);
      try {
        await fc.assert(
          fc.asyncProperty(writtenRequests, async (written) => {
            const text = await exchange(url, written);
            bed.checkAnswer(text);
            if (written.isWhole) expect(text).toMatch(/^HTTP\/1\.1 /);
          }),
          { numRuns: PER_HOST / MOUNTS.length },
        );
        await bed.checkRest();
        const poll = await new Client(served.url).poll({ channels: ["lobby"], timeout: 0 });
        expect(poll).toMatchObject({ status: 200, json: { notifications: expect.anything() } });
      } finally {
        await served.close();
        await bed.bus.close();
      }
    });
  });
});
