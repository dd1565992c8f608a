import type { IncomingMessage } from "node:http";
import { type Presence, presence } from "nightbus/presence";
import { odooStatus } from "nightbus/websocket";
import { expect, it } from "vitest";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { type Client, makeBed } from "./bed.ts";

const GRACE = 65_000;

/** A bed of partners, whose sockets watch those they ask for. Nobody sees partner 9. */
async function partners() {
  let here!: Presence<IncomingMessage>;
  const partnerOf = ({ headers }: IncomingMessage) => Number(headers["x-partner"]);
  const bed = await makeBed((bus) => {
    here = presence(bus, {
      member: (request: IncomingMessage) => ({ id: partnerOf(request) }),
      joins: () => false,
      sees: async (_, ids) => ids.filter((id) => id !== 9),
      statusTo: odooStatus("res.partner"),
    });
    return {
      presence: here,
      channels: (asked, request, { presence: targets }) => [
        ...asked,
        ["res.partner", partnerOf(request)],
        ...targets.map(({ model, id }) => [model, id, "presence"] as const),
      ],
    };
  });
  await here.ready();
  const moment = async (): Promise<void> => {
    bed.clock.advance(60);
    await turns(20);
  };
  const open = (partner: number, version: number): Promise<Client> =>
    bed.open(version === 16 ? "/websocket" : `/websocket?version=${version}.0-1`, { "x-partner": String(partner) });
  return { bed, moment, open };
}

/** Returns the statuses that a client was told, in order. */
function told({ messages }: Client, type = "bus.bus/im_status_updated"): readonly unknown[] {
  return messages.filter(({ message }) => message.type === type).map(({ message }) => message.payload);
}

function updated(id: number, status: string) {
  return { presence_status: status, im_status: status, partner_id: id };
}

it("a watcher is told once that a partner comes, is away and goes, and the partner's own clients too", async () => {
  const { bed, moment, open } = await partners();
  const watcher = await open(2, 18);
  watcher.subscribe(["odoo-presence-res.partner_3"], bed.bus.last);
  await bed.settled(watcher);
  const partner = await open(3, 16);
  partner.subscribe([], bed.bus.last);
  await bed.settled(partner);
  await moment();
  partner.say("update_presence", { inactivity_period: 1_900_000, im_status_ids_by_model: {} });
  await bed.settled(partner);
  await moment();
  expect(told(partner, "bus/im_status")).toEqual([
    { partners: [{ id: 3, im_status: "online" }] },
    { partners: [{ id: 3, im_status: "away" }] },
  ]);
  partner.socket.terminate();
  await turns(20);
  await bed.pass(GRACE);
  await moment();
  await bed.settled(watcher);
  expect(told(watcher)).toEqual([updated(3, "online"), updated(3, "away"), updated(3, "offline")]);
});

it("a status of the last 2 s is given again to who begins to watch, and an older one is not", async () => {
  const { bed, moment, open } = await partners();
  const watcher = await open(2, 18);
  watcher.subscribe(["lobby"], bed.bus.last);
  await bed.settled(watcher);
  for (const partner of [3, 4]) {
    const other = await open(partner, 18);
    other.subscribe([], 0);
    await bed.settled(other);
    await moment();
    await bed.pass(partner === 3 ? 3_000 : 500);
  }
  await bed.bus.sendone("lobby", "hello");
  await bed.settled(watcher);
  watcher.subscribe(["lobby", "odoo-presence-res.partner_3", "odoo-presence-res.partner_4"], bed.bus.last);
  await bed.settled(watcher);
  await bed.bus.sendone("lobby", "and now");
  await bed.settled(watcher);
  expect(told(watcher)).toEqual([updated(4, "online")]);
  expect(watcher.payloads).toHaveLength(4); // its own status, two greetings, and this one
  expect(watcher.ids).toEqual([...watcher.ids].sort((one, other) => one - other));
  watcher.subscribe(["odoo-presence-res.partner_4"], bed.bus.last);
  await bed.settled(watcher);
  expect(told(watcher)).toHaveLength(1);
});

it("a client of version 16 is answered under its position, with the partners that it may see, once it reads", async () => {
  const { bed, moment, open } = await partners();
  const asker = await open(2, 16);
  const ask = { inactivity_period: 0, im_status_ids_by_model: { "res.partner": [2, 3, 9, {}] } };
  asker.say("update_presence", ask);
  await bed.settled(asker);
  await moment();
  expect(asker.frames).toEqual([]);
  const { last } = bed.bus;
  asker.subscribe(["lobby"], last);
  await bed.settled(asker);
  const partners_ = [
    { id: 2, im_status: "online" },
    { id: 3, im_status: "offline" },
  ];
  const message = { type: "bus/im_status", payload: { partners: partners_ } };
  expect(asker.frames).toEqual([[{ id: last, message }]]);
  const id = await bed.bus.sendone("lobby", 1);
  await asker.has(2);
  asker.say("update_presence", ask);
  await bed.settled(asker);
  expect(asker.ids).toEqual([last, id, id]);
  await bed.bus.sendone("lobby", 2);
  await asker.has(4);
  expect(bed.errors).toEqual([]);
});
