import type { Line, Target } from "../harness.ts";
import type { Rounds } from "../http/fan-out.ts";
import { ratioOf } from "../http/servers.ts";
import { quantile } from "../numbers.ts";

/** The figures of a row, and those of its rivals. */
export interface RowBeside {
  readonly id: string;
  readonly workload: string;
  readonly ours: readonly number[];
  /** The same server in another process. */
  readonly again: readonly number[];
  readonly show: (figure: number) => string;
  /** True if the row is timed, so that its control can be void. */
  readonly timed: boolean;
  readonly rivals: readonly Rival[];
}

/** The figures of one rival. A rival without a target has no line; a floor and context have a line without one. */
export interface Rival {
  readonly name: string;
  readonly figures: readonly number[];
  readonly target: Target | "context" | "floor" | undefined;
}

/** The parts that both lines of a row about streams share. */
export interface StreamRow extends Omit<RowBeside, "ours" | "again" | "rivals"> {
  readonly rounds: Rounds;
  readonly beside: { readonly hand: Target; readonly chunk?: Target; readonly betterSse: Target | undefined };
}

/** A line beside a server by hand, and one beside better-sse. */
export function streamLines({ rounds, beside, ...row }: StreamRow): readonly Line[] {
  const rivals = [
    { name: "one shared Buffer by hand", figures: rounds.hand, target: beside.hand },
    { name: "one shared chunk by hand", figures: rounds.chunk, target: beside.chunk },
    { name: "better-sse", figures: rounds.betterSse, target: beside.betterSse },
  ];
  return linesBeside({ ...row, ours: rounds.ours, again: rounds.again, rivals });
}

/** The line of the floor of streams: a chunk that is framed once, beside one shared Buffer. */
export function streamFloor({ id, rounds, show, timed }: Pick<StreamRow, "id" | "rounds" | "show" | "timed">): Line {
  const [, measured] = ratioOf(rounds.ours, rounds.again);
  const [low, ratio, high] = ratioOf(rounds.chunk, rounds.hand);
  return {
    id,
    workload: "floor: one chunk framed once by hand",
    beside: "one shared Buffer by hand",
    ours: show(quantile(rounds.chunk, 0.5)),
    rival: show(quantile(rounds.hand, 0.5)),
    ratio,
    low,
    high,
    control: timed ? measured : undefined,
    target: undefined,
  };
}

/** A line for each rival. */
export function linesBeside({ id, workload, ours, again, show, timed, rivals }: RowBeside): readonly Line[] {
  const [, measured] = ratioOf(ours, again);
  const control = timed ? measured : undefined;
  return rivals.flatMap(({ name, figures, target }) => {
    if (target === undefined) return [];
    const [low, ratio, high] = ratioOf(ours, figures);
    const [mine, rival] = [show(quantile(ours, 0.5)), show(quantile(figures, 0.5))];
    const line = { id, workload, beside: name, ours: mine, rival, ratio, low, high, control };
    if (target === "context") return [{ ...line, target: undefined, isContext: true }];
    return [{ ...line, target: target === "floor" ? undefined : target }];
  });
}
