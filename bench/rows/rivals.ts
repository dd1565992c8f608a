import type { Target } from "../harness.ts";
import { type Alternation, rounds } from "../http/fan-out.ts";
import { installed, KINDS, type KindName } from "../http/rivals/kinds.ts";
import type { RowBeside } from "./streams.ts";

/** The rivals of a row, each with its target. */
export type Beside = Readonly<Partial<Record<KindName, Target | "context">>>;

/** The figures of a row: ours, ours again, and those of the rivals that are installed. */
export interface Measured<F> {
  readonly ours: readonly F[];
  readonly again: readonly F[];
  readonly rivals: readonly {
    readonly kind: KindName;
    readonly name: string;
    readonly target: Target | "context";
    readonly figures: readonly F[];
  }[];
}

/** Measures the bus and its rivals in alternation. Rivals that are not installed are left out, and stderr says so. */
export async function besideRivals<F>(
  row: string,
  beside: Beside,
  measure: Alternation<F>["measure"],
  plan: Pick<Alternation<F>, "starts"> = {},
): Promise<Measured<F>> {
  const rivals = installed(row, Object.keys(beside) as KindName[]);
  const kinds = ["nightbus", ...rivals, "nightbus"];
  const figures = await rounds({ ...plan, server: "./rivals/server.ts", client: "./rivals/client.ts", kinds, measure });
  return {
    ours: figures[0]!,
    again: figures.at(-1)!,
    rivals: rivals.map((kind, at) => ({
      kind,
      name: KINDS[kind].name,
      target: beside[kind]!,
      figures: figures[at + 1]!,
    })),
  };
}

/** Picks one number of each figure. */
export function picked<F>({ ours, again, rivals }: Measured<F>, pick: (figure: F) => number): Figures {
  return {
    ours: ours.map(pick),
    again: again.map(pick),
    rivals: rivals.map((rival) => ({ ...rival, figures: rival.figures.map(pick) })),
  };
}

type Figures = Pick<RowBeside, "ours" | "again" | "rivals">;
