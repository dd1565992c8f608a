// A process that sends large messages until it is killed, and prints the number of each acknowledged send: `writer.ts PATH`.
import { Bus } from "nightbus";
import { jsonl } from "./jsonl.ts";

const bus = new Bus({ store: jsonl(process.argv[2]!) });
for (let n = 0; ; n += 1) {
  const text = "x".repeat(200_000);
  await bus.sendmany([
    ["a", { n, part: 0, text }],
    ["b", { n, part: 1, text }],
  ]);
  process.stdout.write(`${n}\n`);
}
