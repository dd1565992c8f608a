import { benches, isBench } from "./benches.ts";

// The process of one row: what other rows did to the heap and to the compiler's feedback does not reach it.
const [name] = process.argv.slice(2);
if (name === undefined || !isBench(name)) throw new Error(`there is no bench ${name}`);
const { lines } = await benches[name]();
for await (const line of lines()) process.send?.(line);
process.disconnect?.();
