/** One figure of a curve. */
export interface Point {
  readonly curve: string;
  /** What was measured, with its unit. */
  readonly series: string;
  readonly x: number;
  readonly y: number;
}
