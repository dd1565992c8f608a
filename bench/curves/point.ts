/** One figure of a curve. */
export interface Point {
  readonly curve: string;
  /** The measured thing, with its unit. */
  readonly series: string;
  readonly x: number;
  readonly y: number;
}
