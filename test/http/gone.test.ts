import { expect, it } from "vitest";
import type { EndpointRequest } from "../../src/http/endpoint/request.ts";
import { Endpoint } from "../../src/http/endpoint.ts";
import { LoneSignal } from "../../src/util/abort.ts";
import { startBus } from "./servers.ts";

/** Asks a hook, lets the client go, lets the hook fail, and returns what the bus's `error` was told. */
async function failLate(thrown: (reason: unknown) => unknown): Promise<readonly Error[]> {
  const { bus, errors } = startBus();
  const signal = new LoneSignal();
  let fail: (() => void) | undefined;
  const channels = () =>
    new Promise<never>((_, reject) => {
      fail = () => reject(thrown(signal.reason));
    });
  const request: EndpointRequest = {
    method: "GET",
    path: "/poll",
    mount: "",
    query: "channels=x",
    header: () => undefined,
    body: () => ({ text: "" }),
    signal,
  };
  await bus.ready();
  const answer = new Endpoint(bus, { channels }).handle(request, undefined);
  signal.abort(new Error("the client has gone"));
  fail?.();
  await answer;
  expect(bus.waiting).toBe(0);
  return errors;
}

it("tells the application that a hook has failed, also when its client has gone meanwhile", async () => {
  const cause = new Error("the database is down");
  expect(await failLate(() => cause)).toMatchObject([
    { message: "the mount's channels hook threw: Error: the database is down", cause },
  ]);
  expect(await failLate(() => undefined)).toHaveLength(1);
});

it("does not tell of a hook that was ended by its client's going", async () => {
  expect(await failLate((reason) => reason)).toEqual([]);
  expect(await failLate(() => new DOMException("This operation was aborted", "AbortError"))).toEqual([]);
  expect(await failLate(() => Object.assign(new Error("who are you?"), { status: 401 }))).toEqual([]);
});
