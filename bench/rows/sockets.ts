import type { Line, Target } from "../harness.ts";
import { type Measure, rounds } from "../http/fan-out.ts";
import { linesBeside, type RowBeside } from "./streams.ts";

/** One figure of each round, of servers of WebSockets. */
interface SocketRounds {
  readonly ours: readonly number[];
  /** The same server in another process. */
  readonly again: readonly number[];
  readonly hand: readonly number[];
  readonly socketIo: readonly number[];
}

/** The parts that both lines of a row about WebSockets share. */
interface SocketRow extends Omit<RowBeside, "ours" | "again" | "rivals"> {
  readonly rounds: SocketRounds;
  readonly beside: { readonly hand: Target; readonly socketIo: Target };
}

/** Measures the servers of WebSockets in alternation. */
export async function socketRounds(measure: Measure): Promise<SocketRounds> {
  const kinds = ["nightbus", "hand", "socket.io", "nightbus"];
  const figures = await rounds({ server: "./socket-server.ts", client: "./socket-client.ts", kinds, measure });
  const [ours, hand, socketIo, again] = figures as [number[], number[], number[], number[]]; // as many as kinds
  return { ours, hand, socketIo, again };
}

/** A line beside ws by hand, and one beside Socket.IO. */
export function socketLines({ rounds, beside, ...row }: SocketRow): readonly Line[] {
  const rivals = [
    { name: "ws by hand", figures: rounds.hand, target: beside.hand },
    { name: "Socket.IO", figures: rounds.socketIo, target: beside.socketIo },
  ];
  return linesBeside({ ...row, ours: rounds.ours, again: rounds.again, rivals });
}
