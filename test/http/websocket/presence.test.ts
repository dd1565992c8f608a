import { once } from "node:events";
import type { PresenceLink, PresencePort } from "nightbus/websocket";
import pDefer from "p-defer";
import { expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { makeBed } from "./bed.ts";

function port(link: () => PresenceLink | undefined | Promise<PresenceLink | undefined>, heard: unknown[]) {
  const presence: PresencePort<unknown> = {
    connect(_, channels) {
      heard.push(["connect", channels]);
      return link();
    },
  };
  return { presence };
}

function noting(heard: unknown[]): PresenceLink {
  return {
    change: (channels) => void heard.push(["change", channels]),
    report: (ms) => void heard.push(["report", ms]),
    leave: () => void heard.push(["leave"]),
  };
}

it("presence hears of a socket's channels, reports and end", async () => {
  const heard: unknown[] = [];
  const bed = await makeBed(port(() => noting(heard), heard));
  const client = await bed.open();
  expect(heard).toEqual([]);
  client.subscribe(["a"]);
  await bed.settled(client);
  client.say("update_presence", { inactivity_period: 5, im_status_ids_by_model: {} });
  await bed.settled(client);
  client.subscribe(["a", "b"]);
  await bed.settled(client);
  client.socket.close();
  await once(client.socket, "close");
  await until(() => heard.length === 4, "the socket leaves");
  expect(heard).toEqual([["connect", ["a"]], ["report", 5], ["change", ["a", "b"]], ["leave"]]);
});

it("presence hears the newest alone of what came while it connected", async () => {
  const heard: unknown[] = [];
  const link = pDefer<PresenceLink>();
  const bed = await makeBed(port(() => link.promise, heard));
  const client = await bed.open();
  for (const ms of [1, 2]) client.say("update_presence", { inactivity_period: ms });
  for (const name of ["a", "b"]) client.subscribe([name]);
  await bed.settled(client);
  link.resolve(noting(heard));
  await turns();
  expect(heard).toEqual([
    ["connect", []],
    ["change", ["b"]],
    ["report", 2],
  ]);
});

it("presence that connects after the end of its socket hears that it left, once", async () => {
  const heard: unknown[] = [];
  const link = pDefer<PresenceLink>();
  const bed = await makeBed(port(() => link.promise, heard));
  const client = await bed.reader(["a"]);
  client.socket.terminate();
  await until(() => bed.bus.stats().sockets === 0, "the socket has gone");
  link.resolve(noting(heard));
  await turns();
  expect(heard).toEqual([["connect", ["a"]], ["leave"]]);
  await bed.bus.close();
  expect(heard).toHaveLength(2);
});

it("presence that fails is reported, and the socket reads on", async () => {
  const failing = (): never => {
    throw new Error("down");
  };
  const heard: unknown[] = [];
  const rejecting = await makeBed(port(() => Promise.reject(new Error("down")), heard));
  const throwing = await makeBed(port(() => ({ change: failing, report: failing, leave: failing }), heard));
  for (const [bed, errors] of [
    [rejecting, 1],
    [throwing, 2],
  ] as const) {
    const client = await bed.reader(["a"]);
    client.say("update_presence", { inactivity_period: 1 });
    client.subscribe(["b"]);
    await bed.settled(client);
    await bed.bus.sendone("b", 1);
    await client.has(1);
    expect(bed.errors.map(({ message }) => message)).toEqual(Array(errors).fill("down"));
  }
});
