import type { Line, Target } from "../harness.ts";
import type { Rounds } from "../http/fan-out.ts";
import { ratioOf } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

/** The parts that both lines of a row about streams share. */
export interface StreamRow {
  readonly id: string;
  readonly workload: string;
  readonly rounds: Rounds;
  readonly show: (figure: number) => string;
  /** True if the row is timed, so that its control can be void. */
  readonly timed: boolean;
  readonly beside: { readonly hand: Target; readonly betterSse: Target | undefined };
}

/** A line beside a server by hand, and one beside better-sse. */
export function streamLines({ id, workload, rounds, show, timed, beside }: StreamRow): readonly Line[] {
  const { ours, again } = rounds;
  const [, control] = ratioOf(ours, again);
  const line = (name: string, theirs: readonly number[], target: Target | undefined): readonly Line[] => {
    if (target === undefined) return [];
    const [low, ratio, high] = ratioOf(ours, theirs);
    const [mine, rival] = [show(quantile(ours, 0.5)), show(quantile(theirs, 0.5))];
    return [
      { id, workload, beside: name, ours: mine, rival, ratio, low, high, control: timed ? control : undefined, target },
    ];
  };
  return [
    ...line("one shared Buffer by hand", rounds.hand, beside.hand),
    ...line("better-sse", rounds.betterSse, beside.betterSse),
  ];
}
