import { expect, it } from "vitest";
import { holdCrowd } from "./crowd.ts";
import { RawClients } from "./crowd-clients.ts";

const MEGABYTE = 2 ** 20;

it("holds two thousand sockets and a slow one, in memory that does not grow with what is sent", async () => {
  const { held, heard, bytesOfSocket, grown } = await holdCrowd(2_000, 50, (port) => new RawClients(port));
  expect([held, heard]).toEqual([2_001, 100_000]);
  expect(bytesOfSocket, "with the client's end").toBeLessThan(20_000);
  // 25 MB are sent. The log retains 5 of them, as messages and as frames, and 8 may be on their way to the slow one.
  expect(grown).toBeLessThan(40 * MEGABYTE);
});
