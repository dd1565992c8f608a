import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line, type Ready } from "../harness.ts";
import { Readers, type Woken } from "../waiting.ts";

const MANY = 20_000;
const FEW = 1_000;

/** Polls that share one signal, parked and woken: many on one signal, beside as many on signals of a thousand each. */
export async function* lines(): AsyncGenerator<Line> {
  const bus = new Bus(); // one, as in p4.ts
  yield await compare({
    id: "P8",
    workload: "20,000 polls that share one signal",
    beside: "1,000 a signal",
    ours: () => parkAndWake(bus, MANY),
    rival: () => parkAndWake(bus, FEW),
    target: { atMost: 1.5 },
    count: MANY,
    of: "poll",
  });
  await bus.close();
}

async function parkAndWake(bus: AnyBus, shared: number): Promise<Ready<Woken>> {
  await bus.ready();
  const readers = new Readers(MANY);
  const signals = Array.from({ length: MANY / shared }, () => new AbortController().signal);
  return {
    async go() {
      for (const signal of signals) {
        for (let poll = 0; poll < shared; poll += 1) readers.await(bus.poll(["lobby"], bus.last, 50_000, { signal }));
      }
      await bus.sendone("lobby", { n: 1 });
      await readers.done;
    },
    result: () => readers.woken,
  };
}
