import { expect, it } from "vitest";
import { load } from "./load.ts";

it("keeps the books of all readers complete while they come, go and crash, and holds nothing in the end", {
  timeout: 60_000,
}, async () => {
  const { problems, reads, after } = await load({ polls: 200, streams: 60, ms: 3_000, flatAfter: 1_500, crowds: 2 });
  expect(problems).toEqual([]);
  expect(reads).toBeGreaterThan(200);
  expect(after).toMatchObject({ waiting: 0, sockets: 0, timers: 0 });
});
