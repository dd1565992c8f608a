import type { Line, Target } from "../harness.ts";
import { ratioOf, speeds } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

/** A poll over HTTP that is answered at once, beside servers that read the same body and answer the same. */
export async function* lines(): AsyncGenerator<Line> {
  const { ours, again, bare, express } = await speeds();
  const [, control] = ratioOf(ours, again);
  const line = (beside: string, theirs: readonly number[], target: Target): Line => {
    const [low, ratio, high] = ratioOf(ours, theirs);
    return {
      id: "H1",
      workload: "POST poll answered at once, 32 connections",
      beside,
      ours: perSecond(ours),
      rival: perSecond(theirs),
      ratio,
      low,
      high,
      control,
      target,
    };
  };
  yield line("bare node:http, the body parsed", bare, { atLeast: 0.85 });
  yield line("Express 5, express.json()", express, { atLeast: 4 });
}

function perSecond(speeds: readonly number[]): string {
  return `${Math.round(quantile(speeds, 0.5)).toLocaleString("en")} a core-second`;
}
