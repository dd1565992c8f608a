import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";
import { type Answer, Readers, type Resolver, type Woken } from "../waiting.ts";

const POLLS = 100_000;

/** Waking polls that each wait on a channel of their own, by one send, beside resolving an array of bare promises. */
export async function* lines(): AsyncGenerator<Line> {
  const entries = Array.from({ length: POLLS }, (_, n) => [`channel ${n}`, { n }] as const);
  const bus = new Bus(); // one, as in p4.ts
  yield await compare({
    id: "P5",
    workload: "wake 100,000 polls, each its own channel",
    beside: "bare promises",
    ours: () => parkedPolls(bus, entries),
    rival: () => barePromises(entries),
    target: { atMost: 12 },
    count: POLLS,
    of: "poll",
  });
  await bus.close();
}

type Entries = readonly (readonly [channel: string, message: { readonly n: number }])[];

async function parkedPolls(bus: AnyBus, entries: Entries): Promise<Ready<Woken>> {
  await bus.ready();
  const readers = new Readers(entries.length);
  for (const [channel] of entries) readers.await(bus.poll([channel], bus.last));
  return {
    async go() {
      await bus.sendmany(entries);
      await readers.done;
    },
    result: () => readers.woken,
  };
}

function barePromises(entries: Entries): Ready<Woken> {
  const readers = new Readers(entries.length);
  const resolvers: Resolver[] = [];
  for (let poll = 0; poll < entries.length; poll += 1) {
    readers.await(
      new Promise<Answer>((resolve) => {
        resolvers.push(resolve);
      }),
    );
  }
  return {
    async go() {
      for (const [id, resolve] of resolvers.entries()) {
        const [channel, message] = entries[id]!;
        resolve([{ id, channel, message: JSON.parse(JSON.stringify(message)) }]);
      }
      await readers.done;
    },
    result: () => readers.woken,
  };
}
