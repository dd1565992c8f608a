import type { Line, Target } from "../harness.ts";
import { ratioOf, speeds } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

const POLL = "POST poll answered at once, 32 connections";
const FLOOR = "floor: node:http by hand that bounds and checks the body, and may wait";
const BARE = "bare node:http, the body parsed";

/** A poll over HTTP that is answered at once, beside servers that read the same body and answer the same. */
export async function* lines(): AsyncGenerator<Line> {
  const { ours, again, bare, floor, express } = await speeds();
  const [, control] = ratioOf(ours, again);
  yield { ...lineOf(POLL, ours, BARE, bare, { atLeast: 0.9 }), control };
  yield { ...lineOf(FLOOR, floor, BARE, bare, undefined), control };
  yield { ...lineOf(POLL, ours, "Express 5, express.json()", express, { atLeast: 4 }), control };
}

function lineOf(
  workload: string,
  measured: readonly number[],
  beside: string,
  rival: readonly number[],
  target: Target | undefined,
): Omit<Line, "control"> {
  const [low, ratio, high] = ratioOf(measured, rival);
  return { id: "H1", workload, beside, ours: perSecond(measured), rival: perSecond(rival), ratio, low, high, target };
}

function perSecond(speeds: readonly number[]): string {
  return `${Math.round(quantile(speeds, 0.5)).toLocaleString("en")} a core-second`;
}
