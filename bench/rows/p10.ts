import { type AnyBus, Bus } from "../built.ts";
import { compare, type Line } from "../harness.ts";

const SENDS = 20_000;
const PARKED = 100_000;

/** Sends on one channel while polls are parked on others, beside the same with none. */
export async function* lines(): AsyncGenerator<Line> {
  // They live through all the runs: their heap is part of what is asked.
  const crowded = await busWith(PARKED);
  const empty = await busWith(0);
  yield await compare({
    id: "P10",
    workload: "hot sends, 100,000 polls parked elsewhere",
    beside: "none parked",
    ours: () => sends(crowded),
    rival: () => sends(empty),
    target: { atMost: 1.1 },
    count: SENDS,
    of: "send",
  });
  await Promise.all([crowded.close(), empty.close()]);
}

async function busWith(parked: number): Promise<AnyBus> {
  const bus = new Bus();
  await bus.ready();
  for (let poll = 0; poll < parked; poll += 1) void bus.poll([`elsewhere ${poll % 10_000}`], bus.last, 10 ** 9);
  return bus;
}

function sends(bus: AnyBus): { go(): Promise<void>; result(): Promise<number> } {
  let received = 0;
  return {
    async go() {
      for (let n = 0; n < SENDS; n += 1) await bus.sendone("hot", { n });
    },
    async result() {
      for (const { message } of await bus.recent(["hot"], 1_000)) received += (message as { readonly n: number }).n;
      return received;
    },
  };
}
