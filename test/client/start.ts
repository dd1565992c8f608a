import { type ClientOptions, connect } from "nightbus/client";
import { afterEach, beforeEach, vi } from "vitest";
import { FakeMount } from "./mount.ts";

/** A client of a mount in memory, and what it heard. */
export function start(options: Partial<ClientOptions> = {}, mount = new FakeMount()) {
  const bus = connect("/longpolling", { channels: ["a"], fetch: mount.fetch, ...options });
  const ids: number[] = [];
  const statuses: string[] = [];
  const gaps: number[] = [];
  const errors: string[] = [];
  bus.on("notification", ({ id }) => ids.push(id));
  bus.on("status", (status) => statuses.push(status));
  bus.on("missed", ({ last }) => gaps.push(last));
  bus.on("error", ({ code }) => errors.push(code));
  return { mount, bus, ids, statuses, gaps, errors };
}

/** Gives each test of a file timers that only `wait` moves, and takes all mocks and stubs back after it. */
export function useFakeTime(): void {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
}

/** Lets so many ms of fake time pass. */
export async function wait(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
