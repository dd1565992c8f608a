import { benches, isBench } from "./benches.ts";
import { curves, isCurve } from "./curves.ts";

// A process of one row or curve, so that others do not affect its heap and its compiled code.
const [name = ""] = process.argv.slice(2);
for await (const measured of measurements(name)) process.send?.(measured);
process.disconnect?.();

async function* measurements(of: string): AsyncGenerator<object> {
  if (isBench(of)) yield* (await benches[of]()).lines();
  else if (isCurve(of)) yield* (await curves[of].load()).points();
  else throw new Error(`there is no bench ${of}`);
}
