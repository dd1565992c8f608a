// Does each of these so many times and says what is left of it, in lines of JSON: `node --expose-gc leaks.ts COUNT`.
import { getEventListeners } from "node:events";
import { Bus } from "../../../src/index.ts";
import type { Leak } from "./measure-leaks.ts";

const ROUND = 1_000;
const [count] = process.argv.slice(2).map(Number);
const shared = new AbortController();
const bus = new Bus({ retention: { total: 100 } });
await bus.ready();
let channel = 0;

/** Each does something `ROUND` times. */
const WORK: Readonly<Record<string, () => Promise<unknown>>> = {
  async "polls that are answered"() {
    const polls = many(() => bus.poll(["a", "b"], bus.last, 50_000, { signal: shared.signal }));
    await bus.sendone("a", 1);
    return polls;
  },

  "polls that time out": () => many(() => bus.poll(["a", `${++channel}`], bus.last, 1, { signal: shared.signal })),

  async "polls that are aborted"() {
    const own = new AbortController();
    const polls = many(() => bus.poll(["a", `${++channel}`], bus.last, 50_000, { signal: own.signal }).catch(() => {}));
    own.abort();
    return polls;
  },

  async "polls that were to wait for days and are aborted"() {
    const own = new AbortController();
    const days = () => 86_400_000 * (1 + 9 * Math.random());
    const polls = many(() => bus.poll(["a"], bus.last, days(), { signal: own.signal }).catch(() => {}));
    own.abort();
    return polls;
  },

  async "subscriptions that are broken off"() {
    const subscriptions = Array.from({ length: ROUND }, () => bus.subscribe(["a"], { signal: shared.signal }));
    const first = subscriptions.map((subscription) => subscription.next());
    await bus.sendone("a", 1);
    await Promise.all(first);
    return Promise.all(subscriptions.map((subscription) => subscription.return?.()));
  },

  "channels that are used once": () => bus.sendmany(Array.from({ length: ROUND }, () => [`${++channel}`, 1] as const)),
};

for (const [what, work] of Object.entries(WORK)) {
  // The watermarks of the newest 100,000 channels are kept, so that what is used once leaves something at first.
  await repeat(work, what.startsWith("channels") ? 250_000 : 5_000);
  const before = await heap();
  await repeat(work, count!);
  print({
    what,
    bytes: (await heap()) - before,
    waiting: bus.waiting,
    listeners: getEventListeners(shared.signal, "abort").length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length,
  });
}
await bus.close();

function many<T>(poll: () => Promise<T>): Promise<readonly T[]> {
  return Promise.all(Array.from({ length: ROUND }, poll));
}

async function repeat(work: () => Promise<unknown>, times: number): Promise<void> {
  for (let done = 0; done < times; done += ROUND) await work();
}

/** The memory in use after everything that can go has gone, even the shared timer of earlier deadlines. */
async function heap(): Promise<number> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc!(); // the process runs with --expose-gc
  }
  return process.memoryUsage().heapUsed;
}

function print(leak: Leak): void {
  process.stdout.write(`${JSON.stringify(leak)}\n`);
}
