import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";
import { type Answer, Readers, type Resolver, type Woken } from "../waiting.ts";

const POLLS = 100_000;
const TIMEOUT = 50_000;

/** Parking polls with a deadline and waking them, beside promises with a `setTimeout` each. */
export async function* lines(): AsyncGenerator<Line> {
  const bus = new Bus(); // one, as in p4.ts
  yield await compare({
    id: "P6",
    workload: "park and wake 100,000 polls with a deadline",
    beside: "promises, a setTimeout each",
    ours: () => parkAndWakePolls(bus),
    rival: parkAndWakePromises,
    target: { atMost: 0.6 },
    count: POLLS,
    of: "poll",
  });
  await bus.close();
  yield await compare({
    id: "P6",
    workload: "floor: 100,000 bare promises in an array, without deadlines or channels",
    beside: "promises, a setTimeout each",
    ours: parkAndWakeBare,
    rival: parkAndWakePromises,
    target: undefined,
    count: POLLS,
    of: "poll",
  });
}

function parkAndWakeBare(): Ready<Woken> {
  const readers = new Readers(POLLS);
  const waiting: Resolver[] = [];
  return {
    async go() {
      for (let poll = 0; poll < POLLS; poll += 1) {
        readers.await(
          new Promise<Answer>((resolve) => {
            waiting.push(resolve);
          }),
        );
      }
      const answer = [{ id: 1, channel: "lobby", message: JSON.parse('{"n":1}') }];
      for (const resolve of waiting) resolve(answer);
      await readers.done;
    },
    result: () => readers.woken,
  };
}

async function parkAndWakePolls(bus: AnyBus): Promise<Ready<Woken>> {
  await bus.ready();
  const readers = new Readers(POLLS);
  return {
    async go() {
      for (let poll = 0; poll < POLLS; poll += 1) readers.await(bus.poll(["lobby"], bus.last, TIMEOUT));
      await bus.sendone("lobby", { n: 1 });
      await readers.done;
    },
    result: () => readers.woken,
  };
}

function parkAndWakePromises(): Ready<Woken> {
  const readers = new Readers(POLLS);
  const waiting: { readonly resolve: Resolver; readonly timer: NodeJS.Timeout }[] = [];
  return {
    async go() {
      for (let poll = 0; poll < POLLS; poll += 1) {
        readers.await(
          new Promise<Answer>((resolve) => {
            waiting.push({ resolve, timer: setTimeout(resolve, TIMEOUT, []) });
          }),
        );
      }
      const answer = [{ id: 1, channel: "lobby", message: JSON.parse('{"n":1}') }];
      for (const { resolve, timer } of waiting) {
        clearTimeout(timer);
        resolve(answer);
      }
      await readers.done;
    },
    result: () => readers.woken,
  };
}
