import type { PresenceChange } from "nightbus/presence";
import { Bus, importPresence, importTesting } from "../built.ts";
import { compare, type Line } from "../harness.ts";

const JOINS = 1_000;
const LARGE = 10_000;
const SMALL = 10;
const GATHER = 50;
const GRACE = 65_000;

const { presence } = await importPresence();
const { ManualClock } = await importTesting();

/** A join in a room of 10,000, until a reader has it, beside a join in a room of ten. */
export async function* lines(): AsyncGenerator<Line> {
  const [large, small] = [await roomOf(LARGE), await roomOf(SMALL)];
  yield await compare({
    id: "P12",
    workload: "a join in a room of 10,000 members, until a reader has it",
    beside: "a join in a room of ten",
    ours: large.side,
    rival: small.side,
    target: { atMost: 1.5 },
    count: JOINS,
    of: "join",
  });
  await Promise.all([large.close(), small.close()]);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Room {
  readonly side: () => { go(): Promise<void>; result(): Promise<number> };
  close(): Promise<void>;
}

async function roomOf(members: number): Promise<Room> {
  const clock = new ManualClock();
  const bus = new Bus({ clock });
  const here = presence(bus, { member: (): undefined => undefined, grace: GRACE });
  await here.ready();
  const heard = async (): Promise<number> => {
    const poll = bus.poll([["presence", "room"]], bus.last, 10_000);
    clock.advance(GATHER);
    const [row] = await poll;
    await turn(); // the node plans its next send after the commit
    return (row?.message as PresenceChange | undefined)?.joins.length ?? 0;
  };
  for (let id = 0; id < members; id += 1) here.join({ id, info: { name: `member ${id}` } }, ["room"]);
  await heard();
  while (here.of("room").length < members) await turn();

  const side = (): ReturnType<Room["side"]> => {
    const connections: { leave(): void }[] = [];
    let joins = 0;
    return {
      async go() {
        for (let id = 0; id < JOINS; id += 1) {
          connections.push(here.join({ id: `new ${id}`, info: { name: "new" } }, ["room"]));
          joins += await heard();
        }
      },
      async result() {
        for (const connection of connections) connection.leave();
        clock.advance(GRACE + GATHER);
        clock.advance(GATHER);
        while (here.of("room").length > members) await turn();
        return joins;
      },
    };
  };
  return { side, close: () => bus.close() };
}
