// Some of the readers: `crowd.ts POLLS STREAMS ADDRESS...`. A crowd is forked, and reports its account after it heard
// the last number.
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../../support/eventually.ts";
import { Book } from "./book.ts";
import { type Account, CHANNELS, type Finals, FLOOD } from "./lines.ts";
import { READERS } from "./readers.ts";

const [polls, streams, ...addresses] = process.argv.slice(2);
const POLLING = ["patient", "patient", "hasty"] as const;
const STREAMING = ["steady", "steady", "crashing", "slow"] as const;
/** The readers of the channel of large messages; few, because each gets a megabyte a second. */
const FLOODED = ["steady", "slow", "stalled", "stalled", "never", "never"] as const;

process.once("disconnect", () => process.exit(1)); // the process that started it is gone

const end = new AbortController();
const books: { readonly book: Book; readonly reads: boolean }[] = [];
const reading: Promise<void>[] = [];
process.on("message", async (finals: Finals) => {
  const behind = () => books.filter(({ book, reads }) => reads && !book.isComplete(finals));
  const what = () =>
    `${behind().length} readers are at the end, ${behind()[0]?.book.channel} among them, which is at ${behind()[0]?.book.last}`;
  const late = await eventually(what, () => behind().length === 0, 60_000).then(
    () => [],
    (error: Error) => [error.message],
  );
  end.abort();
  await Promise.all(reading);
  const all = books.map(({ book }) => book);
  const account: Account = {
    reads: all.reduce((sum, { reads }) => sum + reads, 0),
    problems: [...late, ...all.flatMap(({ problems }) => problems)],
  };
  process.send!(account, () => process.exit(0)); // the crowd is forked
});

for (const how of FLOODED) open(how, 0, FLOOD);
for (let n = 0; n < Number(streams) - FLOODED.length; n += 1) await arrive(STREAMING[n % STREAMING.length]!, n);
for (let n = 0; n < Number(polls); n += 1) await arrive(POLLING[n % POLLING.length]!, n);

/** They come one after the other, since a machine takes up no more connections than so many at once. */
async function arrive(how: keyof typeof READERS, n: number): Promise<void> {
  open(how, n);
  if (n % 10 === 9) await pause(20);
}

function open(how: keyof typeof READERS, n: number, channel = CHANNELS[n % CHANNELS.length]!): void {
  const book = new Book(`a ${how} reader`, channel);
  books.push({ book, reads: how !== "never" });
  let asked = n;
  const address = () => addresses[asked++ % addresses.length]!; // there are some
  reading.push(READERS[how](book, address, end.signal));
}
