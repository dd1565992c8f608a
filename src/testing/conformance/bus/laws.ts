import { FROM, GRID, ODD_HALF, Play, type Step } from "./script.ts";
import type { Topic } from "./topic.ts";

const { POSITIVE_INFINITY } = Number;

const RETENTIONS = [
  { age: POSITIVE_INFINITY, count: POSITIVE_INFINITY, total: POSITIVE_INFINITY },
  { age: POSITIVE_INFINITY, count: 3, total: POSITIVE_INFINITY },
  { age: POSITIVE_INFINITY, count: POSITIVE_INFINITY, total: 4 },
  { age: 3 * GRID, count: 4, total: 9 },
];

/** Every answer equals the answer of a naive log. The seeds are fixed, so that a failure can be repeated. */
export function laws({ it, timed, ownTime }: Topic): void {
  for (const [index, given] of RETENTIONS.entries()) {
    const retention = ownTime ? { ...given, age: POSITIVE_INFINITY } : given;
    it(`answers as a naive log does that retains ${JSON.stringify(retention)}`, async () => {
      for (let seed = 1; seed <= 3; seed += 1) {
        const steps = script(seed * 1_000 + index, 60).map((step) =>
          ownTime && step.do === "poll" ? { ...step, lookback: POSITIVE_INFINITY } : step,
        );
        await timed({ retention }, (fixture) => new Play(fixture, retention).run(steps))();
      }
    });
  }
}

function script(seed: number, length: number): readonly Step[] {
  const below = randomOf(seed);
  const list = (most: number, make: () => number): number[] => Array.from({ length: 1 + below(most) }, make);
  const reads = () => ({
    channels: list(3, () => below(5)),
    from: FROM[below(FROM.length)]!,
    pick: below(2 ** 20),
    limit: below(3) === 0 ? POSITIVE_INFINITY : 1 + below(4),
  });
  return Array.from({ length }, (): Step => {
    const chance = below(100);
    if (chance < 35) {
      return {
        do: "send",
        sends: Array.from({ length: 1 + below(3) }, () => list(3, () => (below(20) === 0 ? 99 : below(5)))),
      };
    }
    if (chance < 80) {
      const timeout = [0, POSITIVE_INFINITY, below(4) * GRID + ODD_HALF][below(3)]!;
      return { do: "poll", ...reads(), timeout, lookback: below(2) === 0 ? POSITIVE_INFINITY : below(4) * GRID };
    }
    if (chance < 85) return { do: "recent", ...reads() };
    return chance < 90 ? { do: "abort", which: below(100) } : { do: "advance", ms: below(4) * GRID };
  });
}

function randomOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    // The generator mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
