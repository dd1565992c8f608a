import type { Line } from "./harness.ts";

interface Bench {
  lines(): AsyncIterable<Line>;
}

/** The measured rows of SPEED.md, in their order. */
export const benches = {
  P1: () => import("./rows/p1.ts"),
  P2: () => import("./rows/p2.ts"),
  P3: () => import("./rows/p3.ts"),
  P4: () => import("./rows/p4.ts"),
  P5: () => import("./rows/p5.ts"),
  P6: () => import("./rows/p6.ts"),
  P7: () => import("./rows/p7.ts"),
  P8: () => import("./rows/p8.ts"),
  P9: () => import("./rows/p9.ts"),
  P10: () => import("./rows/p10.ts"),
  P11: () => import("./rows/p11.ts"),
  P12: () => import("./rows/p12.ts"),
  S1: () => import("./rows/s1.ts"),
  S2: () => import("./rows/s2.ts"),
  S3: () => import("./rows/s3.ts"),
  S4: () => import("./rows/s4.ts"),
  H1: () => import("./rows/h1.ts"),
  H2: () => import("./rows/h2.ts"),
  H3: () => import("./rows/h3.ts"),
  H4: () => import("./rows/h4.ts"),
  H5: () => import("./rows/h5.ts"),
  H6: () => import("./rows/h6.ts"),
  H7: () => import("./rows/h7.ts"),
  H8: () => import("./rows/h8.ts"),
  W1: () => import("./rows/w1.ts"),
  W2: () => import("./rows/w2.ts"),
  C1: () => import("./rows/c1.ts"),
  C2: () => import("./rows/c2.ts"),
  C3: () => import("./rows/c3.ts"),
  K1: () => import("./rows/k1.ts"),
  K2: () => import("./rows/k2.ts"),
  K3: () => import("./rows/k3.ts"),
} satisfies Record<string, () => Promise<Bench>>;

/** The name of a bench. */
export type BenchName = keyof typeof benches;

/** Returns true if there is a bench of this name. */
export function isBench(name: string): name is BenchName {
  return Object.hasOwn(benches, name);
}
