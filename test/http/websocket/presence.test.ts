import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { type Identity, type Presence, presence } from "nightbus/presence";
import pDefer from "p-defer";
import { expect, it } from "vitest";
import { turns, until } from "../../../src/testing/conformance/bus/topic.ts";
import { makeBed, type Options } from "./bed.ts";

const GRACE = 10_000;

type Member = (request: IncomingMessage) => Identity | undefined | Promise<Identity | undefined>;

/** A bed whose sockets are connections of persons. */
async function bedOf(member: Member, options: Options = {}) {
  let here!: Presence<IncomingMessage>;
  const bed = await makeBed((bus) => {
    here = presence(bus, { member, grace: GRACE });
    return { presence: here, ...options };
  });
  const { clock } = bed;
  await here.ready();
  const members = (channel: string) => here.of(channel).map(({ id, status }) => `${id} ${status}`);
  const settle = async (): Promise<void> => {
    clock.advance(60);
    await turns();
  };
  return { bed, here, members, clock, settle };
}

it("presence follows a socket's channels, reports and end", async () => {
  const { bed, here, members, clock, settle } = await bedOf(() => ({ id: 3 }));
  const client = await bed.open();
  await settle();
  expect(here.status(3)).toBe("offline");
  client.subscribe(["a"]);
  await bed.settled(client);
  await settle();
  expect(members("a")).toEqual(["3 online"]);
  client.say("update_presence", { inactivity_period: 1_900_000, im_status_ids_by_model: {} });
  client.subscribe(["b"]);
  await bed.settled(client);
  clock.advance(GRACE);
  await turns();
  await settle();
  expect([members("a"), members("b")]).toEqual([[], ["3 away"]]);
  client.socket.close();
  await once(client.socket, "close");
  await until(() => bed.bus.stats().sockets === 0, "the socket has gone");
  clock.advance(GRACE);
  await turns();
  await settle();
  expect([members("b"), here.status(3)]).toEqual([[], "offline"]);
});

it("presence takes the newest alone of what came while the hook waited", async () => {
  const person = pDefer<Identity>();
  const { bed, members, settle } = await bedOf(() => person.promise);
  const client = await bed.open();
  for (const ms of [1, 1_900_000]) client.say("update_presence", { inactivity_period: ms });
  for (const name of ["a", "b"]) client.subscribe([name]);
  await bed.settled(client);
  person.resolve({ id: 3 });
  await turns();
  await settle();
  expect([members("a"), members("b")]).toEqual([[], ["3 away"]]);
});

it("presence has no member whose socket ended before the hook answered", async () => {
  const person = pDefer<Identity>();
  const { bed, here, settle } = await bedOf(() => person.promise);
  const client = await bed.reader(["a"]);
  client.socket.terminate();
  await until(() => bed.bus.stats().sockets === 0, "the socket has gone");
  person.resolve({ id: 3 });
  await turns();
  await settle();
  expect(here.status(3)).toBe("offline");
});

it("a member hook that fails is reported and asked again, and the socket reads on", async () => {
  let isDown = true;
  const { bed, here, settle } = await bedOf(() => {
    if (isDown) throw new Error("down");
    return { id: 3 };
  });
  const client = await bed.reader(["a"]);
  await bed.bus.sendone("a", 1);
  await client.has(1);
  expect(bed.errors.map(({ message }) => message)).toEqual(["the mount's member hook threw: Error: down"]);
  isDown = false;
  client.say("update_presence", { inactivity_period: 1 });
  await bed.settled(client);
  await settle();
  expect(here.status(3)).toBe("online");
});

it("a member hook that takes too long is reported, and its client comes back later", async () => {
  const { bed, clock } = await bedOf(() => new Promise(() => {}), { hookTimeout: 500 });
  const client = await bed.reader(["a"]);
  clock.advance(600);
  expect((await client.end())[0]).toBe(1013);
  expect(bed.errors.map(({ message }) => message)).toEqual([
    "the mount's member hook has not answered within 500 ms (hookTimeout)",
  ]);
});

it("a member hook that refuses with 401 ends the socket as an ended session does", async () => {
  const { bed } = await bedOf(() => {
    throw Object.assign(new Error("who are you"), { status: 401 });
  });
  const client = await bed.open();
  client.say("update_presence", { inactivity_period: 1 });
  expect((await client.end())[0]).toBe(4001);
  expect(bed.errors).toEqual([]);
});
