import { benches, isBench } from "./benches.ts";
import { curves, isCurve } from "./curves.ts";

// The process of one row or curve: what others did to the heap and to the compiler's feedback does not reach it.
const [name = ""] = process.argv.slice(2);
for await (const measured of measurements(name)) process.send?.(measured);
process.disconnect?.();

async function* measurements(of: string): AsyncGenerator<object> {
  if (isBench(of)) yield* (await benches[of]()).lines();
  else if (isCurve(of)) yield* (await curves[of].load()).points();
  else throw new Error(`there is no bench ${of}`);
}
