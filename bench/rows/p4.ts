import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, MANY_PAIRS, type Ready } from "../harness.ts";
import { type Answer, Readers, type Resolver, type Woken } from "../waiting.ts";

/** Waking the parked polls of one channel, beside resolving an array of bare promises. */
export async function* lines(): AsyncGenerator<Line> {
  // One bus, as in an application: a bus that goes takes its compiled code with it.
  const bus = new Bus();
  for (const [polls, times, atMost] of [
    [1_000, 100, 2],
    [100_000, 1, 3],
  ] as const) {
    yield await compare({
      id: "P4",
      workload: `wake ${polls.toLocaleString("en")} polls of one channel`,
      beside: "bare promises",
      ours: () => parkedPolls(bus, polls, times),
      rival: () => barePromises(polls, times),
      target: { atMost },
      pairs: MANY_PAIRS,
      count: polls * times,
      of: "poll",
    });
  }
  await bus.close();
}

// A thousand polls are woken too fast to be timed once, so a hundred such crowds are parked and woken one after the other.
async function parkedPolls(bus: AnyBus, polls: number, times: number): Promise<Ready<Woken>> {
  await bus.ready();
  const readers = new Readers(polls * times);
  for (let crowd = 0; crowd < times; crowd += 1) {
    for (let poll = 0; poll < polls; poll += 1) readers.await(bus.poll([`crowd ${crowd}`], bus.last));
  }
  return {
    async go() {
      for (let crowd = 0; crowd < times; crowd += 1) await bus.sendone(`crowd ${crowd}`, { n: crowd + 1 });
      await readers.done;
    },
    result: () => readers.woken,
  };
}

function barePromises(polls: number, times: number): Ready<Woken> {
  const readers = new Readers(polls * times);
  const crowds = Array.from({ length: times }, (): Resolver[] => []);
  for (const crowd of crowds) {
    for (let poll = 0; poll < polls; poll += 1) {
      readers.await(
        new Promise<Answer>((resolve) => {
          crowd.push(resolve);
        }),
      );
    }
  }
  return {
    async go() {
      for (const [index, crowd] of crowds.entries()) {
        const answer = [{ id: index, channel: `crowd ${index}`, message: JSON.parse(`{"n":${index + 1}}`) }];
        for (const resolve of crowd) resolve(answer);
        await null;
      }
      await readers.done;
    },
    result: () => readers.woken,
  };
}
