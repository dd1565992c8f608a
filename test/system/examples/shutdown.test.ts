import { describe, expect, it, onTestFinished } from "vitest";
import { hold } from "../../support/held.ts";
import { Application, HOSTS, hasPrograms } from "./hosts.ts";

// next.test.ts has the end of Next.js, which has to be built.
describe.skipIf(!hasPrograms)("the applications of the examples", () => {
  it.each(HOSTS.filter((host) => host !== "next"))(
    "end within a second of SIGTERM while a stream, a poll and a client are open: %s",
    async (host) => {
      const application = new Application(host);
      onTestFinished(async () => void (await application.stop("SIGKILL")));
      await application.start();
      const held = await hold(`${application.address}/longpolling`);
      const began = performance.now();
      expect(await application.stop("SIGTERM")).toBe(0);
      expect(performance.now() - began).toBeLessThan(1_000);
      await held.expectAnswered();
    },
  );
});
