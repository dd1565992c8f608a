// A process whose files may not grow beyond a bound: `full-disk.ts PATH`. Its large send is refused, and the small ones are not.
import { Bus, type BusError } from "nightbus";
import { jsonl } from "./jsonl.ts";

const bus = new Bus({ store: jsonl(process.argv[2]!) });
await bus.sendone("a", "before");
const text = "x".repeat(900_000);
const large = Array.from({ length: 8 }, () => ["a", text] as const);
const error = await bus.sendmany(large).catch((thrown: BusError) => thrown);
const { code, refused } = error as BusError; // the bound refuses it
await bus.sendone("a", "after");
await bus.close();
process.stdout.write(JSON.stringify({ code, refused }));
