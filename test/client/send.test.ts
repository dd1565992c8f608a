import assert from "node:assert/strict";
import { ClientError } from "nightbus/client";
import { describe, it } from "vitest";
import { type FakeMount, refuse } from "./mount.ts";
import { start } from "./start.ts";

const cycle: unknown[] = [];
cycle.push(cycle);

function sends({ asked }: FakeMount): readonly string[] {
  return asked.filter((one) => one.startsWith("POST send"));
}

/** The refusal of the send. */
async function refused(sending: Promise<unknown>): Promise<ClientError> {
  const error = await sending.then(
    () => assert.fail("it was sent"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ClientError);
  return error;
}

describe("a send", () => {
  it("answers the id or the ids, in order, of what was committed as one", async () => {
    const { bus, mount } = start();
    assert.equal(await bus.sendone("a", { text: "hi" }), 101);
    assert.deepEqual(
      await bus.sendmany([
        ["a", null],
        ["b", [1, "é"]],
      ]),
      [102, 103],
    );
    assert.deepEqual(sends(mount), [
      'POST send {"entries":[["a",{"text":"hi"}]]}',
      'POST send {"entries":[["a",null],["b",[1,"é"]]]}',
    ]);
    assert.equal(mount.headers.at(-1)?.get("Content-Type"), "application/json");
    bus.close();
  });

  it("with a key commits once, also if the answer of the first try was lost", async () => {
    const { bus, mount } = start();
    mount.loses = () => mount.asked.filter((one) => one.startsWith("POST send")).length === 1;
    assert.equal((await refused(bus.sendone("a", 1, { key: "k-1" }))).code, "network");
    assert.equal(await bus.sendone("a", 1, { key: "k-1" }), 101);
    assert.deepEqual(mount.messages, [1]);
    assert.equal(mount.headers.at(-1)?.get("Idempotency-Key"), "k-1");
    assert.equal((await refused(bus.sendone("a", 2, { key: "k-1" }))).code, "bad_key");
    for (const key of ["", "é", "two words"]) {
      assert.equal((await refused(bus.sendone("a", 1, { key }))).code, "bad_argument");
    }
    bus.close();
  });

  it("ends with network when its signal is aborted", async () => {
    const { bus, mount } = start();
    mount.delay = () => new Promise(() => {});
    const ending = new AbortController();
    const sending = bus.sendmany([["a", 1]], { signal: ending.signal });
    ending.abort();
    assert.equal((await refused(sending)).code, "network");
    bus.close();
  });

  it.each([
    [400, "bad_message"],
    [403, "refused"],
    [404, "not_found"],
    [413, "too_large"],
    [503, "store"],
  ])("that is answered %i rejects with its code and status, and stays on the line", async (status, code) => {
    const { bus, mount, errors } = start();
    mount.fault = (asked) => (asked.includes("send") ? refuse(status, code) : undefined);
    const error = await refused(bus.sendone("a", 1));
    assert.deepEqual([error.code, error.status, error.name], [code, status, "ClientError"]);
    assert.match(error.message, /as the test wishes/);
    assert.deepEqual([bus.status, errors, mount.last], ["live", [], 100]);
    bus.close();
  });

  it("that something else than the bus answers rejects with http, the status, and how long to wait", async () => {
    const { bus, mount } = start();
    const headers = { "Retry-After": "3" };
    mount.fault = () => new Response("<html>", { status: 502, headers });
    const error = await refused(bus.sendone("a", 1));
    assert.deepEqual([error.code, error.status, error.retryAfter], ["http", 502, 3_000]);
    bus.close();
  });

  it.each([
    ["breaks", () => Promise.reject(new TypeError("no network"))],
    ["is cut", () => new Response('{"ids":[1')],
  ])("whose answer %s rejects with network: it may have been committed", async (_, fault) => {
    const { bus, mount } = start();
    mount.fault = fault;
    const error = await refused(bus.sendone("a", 1));
    assert.deepEqual([error.code, error.status], ["network", undefined]);
    assert.ok(error.cause instanceof Error);
    bus.close();
  });

  it("rejects with closed after close(), and sends nothing", async () => {
    const { bus, mount } = start();
    bus.close();
    assert.equal((await refused(bus.sendone("a", 1))).code, "closed");
    assert.deepEqual(mount.asked, []);
  });

  it.each([
    ["a function", () => {}],
    ["a symbol", Symbol("a")],
    ["a BigInt", 1n],
    ["a cycle", cycle],
    ["what throws", { toJSON: () => assert.fail("it throws") }],
    ["what makes nothing of itself", { toJSON: () => undefined }],
  ])("refuses %s as a message", async (_, message) => {
    const { bus, mount } = start();
    assert.equal((await refused(bus.sendone("a", message))).code, "bad_argument");
    bus.close();
    assert.deepEqual(sends(mount), []);
  });

  it.each([
    ["a channel that is no name", "", 1],
    ["a tuple, which the server alone may name", ["a", 7], 1],
    ["no message", "a", undefined],
  ])("refuses %s, and sends nothing", async (_, channel, message) => {
    const { bus, mount } = start();
    const error = await refused(
      bus.sendmany([
        ["a", 1],
        [channel as string, message],
      ]),
    );
    assert.equal(error.code, "bad_argument");
    bus.close();
    assert.deepEqual(sends(mount), []);
  });

  it.each([[null], [{}], [{ ids: 7 }], ["ok"], [[1]]])(
    "that is answered with the foreign JSON %j rejects with http",
    async (body) => {
      const { bus, mount } = start();
      mount.fault = () => Response.json(body);
      for (const sending of [bus.sendone("a", 1), bus.sendmany([["a", 1]])]) {
        const { code, status } = await refused(sending);
        assert.deepEqual([code, status], ["http", 200]);
      }
      bus.close();
    },
  );
});
