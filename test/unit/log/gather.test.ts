import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "vitest";
import { Ring } from "../../../src/log/ring.ts";
import { ChannelNumbers, select, selectNewest } from "../../../src/log/select.ts";
import { chainOf, rowOf, type TestChain } from "./chains.ts";

interface Laid {
  readonly ring: Ring<TestChain>;
  readonly chains: readonly TestChain[];
  readonly numbers: ChannelNumbers;
}

const { POSITIVE_INFINITY } = Number;

describe("gathering", () => {
  // The number of rows on each channel decides between following chains and scanning the whole.
  const log = fc.record({
    sends: fc.array(fc.record({ channel: fc.nat(99), length: fc.integer({ min: 1, max: 4 }), spread: fc.boolean() }), {
      minLength: 1,
      maxLength: 400,
    }),
    repeat: fc.constantFrom(1, 1, 8),
    dropped: fc.array(fc.nat(5), { maxLength: 60 }),
  });
  const wanted = fc.uniqueArray(fc.nat(5), { maxLength: 5 });
  const limits = fc.constantFrom(1, 2, 3, 7, 100, POSITIVE_INFINITY);

  it("finds by chain and by scan what a plain filter finds, and cuts no send", () => {
    fc.assert(
      fc.property(log, wanted, fc.double({ min: 0, max: 1, noNaN: true }), limits, (given, wants, share, limit) => {
        const { ring, chains, numbers } = lay(given);
        const after = Math.floor(share * ring.span);
        const own = wants.map((index) => chains[index]!).filter(({ size }) => size > 0);
        const found = select(ring, own, { after, limit }, numbers);
        const all = placesOf(ring, own).filter((place) => place >= after);
        const send = all[limit - 1] === undefined ? undefined : ring.sendAt(all[limit - 1]!);
        const expected = all.filter((place, index) => index < limit || ring.sendAt(place) === send);
        assert.deepEqual([...found.places], expected);
        assert.equal(found.rest, all[expected.length]);
      }),
      { numRuns: 600 },
    );
  });

  it("finds what a plain filter finds on hundreds of channels, of which some have far more rows than others", () => {
    const heavy = fc.uniqueArray(fc.nat(399), { maxLength: 5 });
    fc.assert(
      fc.property(heavy, fc.integer({ min: 1, max: 400 }), limits, (heaviest, count, limit) => {
        const [ring, numbers] = [new Ring<TestChain>(), new ChannelNumbers()];
        const chains = Array.from({ length: 400 }, () => chainOf(numbers.take()));
        for (let id = 1; id <= 2_000; id += 1) {
          const index = id % 2 === 0 ? (heaviest[id % 7] ?? id % 400) : (id * 7) % 400;
          ring.push(chains[index]!, rowOf(id, chains[index]!));
          if (ring.size > 1_000) ring.dropOldest(ring.chainAt(0)!); // so that the columns are gone round twice
        }
        const own = chains.slice(0, count).filter(({ size }) => size > 0);
        const { places } = select(ring, own, { after: 500, limit }, numbers);
        const all = placesOf(ring, own).filter((place) => place >= 500);
        assert.deepEqual([...places], all.slice(0, limit));
      }),
      { numRuns: 60 },
    );
  });

  it("finds the newest of some channels as a plain filter does", () => {
    fc.assert(
      fc.property(
        log,
        wanted,
        fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(POSITIVE_INFINITY)),
        (given, wants, count) => {
          const { ring, chains } = lay(given);
          const own = wants.map((index) => chains[index]!);
          assert.deepEqual([...selectNewest(ring, own, count)], placesOf(ring, own).slice(-count));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("follows the chain of a rare channel in a long log, and takes no longer for a longer one", () => {
    const [short, long] = [rareIn(20_000), rareIn(400_000)];
    const [few, many] = [timeOf(short), timeOf(long)];
    // Twenty times as long; a scan would take twenty times the time.
    assert.ok(many < few * 8, `${few} ms in a short log, ${many} ms in a long one`);
  });

  it("follows one busy channel among many quiet ones, wherever it is named", () => {
    for (const busy of [0, 7, 149]) {
      const [ring, numbers] = [new Ring<TestChain>(), new ChannelNumbers()];
      const [other, ...chains] = Array.from({ length: 151 }, () => chainOf(numbers.take()));
      for (let id = 1; id <= 100_000; id += 1) {
        const wanted = id % 100 === 0 ? chains[busy]! : chains[id / 601]; // some have one row, and most have none
        const chain = wanted ?? other!;
        ring.push(chain, rowOf(id, chain));
      }
      ring.scan = () => assert.fail("it scans 100,000 rows for a thousand");
      const own = chains.filter(({ size }) => size > 0);
      const { places } = select(ring, own, { after: 0, limit: POSITIVE_INFINITY }, numbers);
      assert.ok(places.length >= 1_000);
      assert.deepEqual([...places], placesOf(ring, own));
    }
  });

  it("marks nothing once it has scanned", () => {
    const numbers = new ChannelNumbers();
    const chain = chainOf(numbers.take());
    numbers.marked([chain], (marks) => assert.equal(marks[chain.number], 1));
    assert.throws(() => numbers.marked([chain], () => assert.fail("thrown on the way")), /on the way/);
    numbers.marked([], (marks) => assert.ok(marks.every((mark) => mark === 0)));
  });

  it("gives numbers that no two have at once, never 0, and takes back those that are free", () => {
    const numbers = new ChannelNumbers();
    const taken = Array.from({ length: 1_000 }, () => numbers.take());
    assert.equal(new Set(taken).size, 1_000);
    assert.ok(!taken.includes(0));
    numbers.giveBack(taken[500]!);
    assert.equal(numbers.take(), taken[500]);
    const last = chainOf(taken[999]!);
    numbers.marked([last], (marks) => assert.equal(marks[last.number], 1));
  });
});

/** A channel from 0 (every second row) to 5 (one row in a hundred). */
function channelAt(percent: number): number {
  return [50, 75, 90, 97, 99, 100].findIndex((end) => percent < end);
}

function lay(given: {
  readonly sends: readonly { readonly channel: number; readonly length: number; readonly spread: boolean }[];
  readonly repeat: number;
  readonly dropped: readonly number[];
}): Laid {
  const [ring, numbers] = [new Ring<TestChain>(), new ChannelNumbers()];
  const chains = Array.from({ length: 6 }, () => chainOf(numbers.take()));
  let id = 0;
  for (let round = 0; round < given.repeat; round += 1) {
    for (const { channel, length, spread } of given.sends) {
      const send = id + 1;
      for (let row = 0; row < length; row += 1) {
        id += 1;
        const chain = chains[channelAt(spread ? (channel + row * 37) % 100 : channel)]!;
        ring.push(chain, rowOf(id, chain, send));
      }
    }
  }
  for (const index of given.dropped) {
    const chain = chains[index]!;
    if (chain.size > 0) ring.dropOldest(chain);
  }
  return { ring, chains, numbers };
}

function placesOf(ring: Ring<TestChain>, chains: readonly TestChain[]): readonly number[] {
  const places = Array.from({ length: ring.span }, (_, place) => place);
  return places.filter((place) => chains.some((chain) => ring.chainAt(place) === chain));
}

function rareIn(length: number): Laid {
  const [ring, numbers] = [new Ring<TestChain>(), new ChannelNumbers()];
  const chains = Array.from({ length: 2 }, () => chainOf(numbers.take()));
  for (let id = 1; id <= length; id += 1) {
    const chain = chains[id % (length / 20) === 0 ? 1 : 0]!;
    ring.push(chain, rowOf(id, chain));
  }
  return { ring, chains, numbers };
}

function timeOf({ ring, chains, numbers }: Laid): number {
  let best = POSITIVE_INFINITY;
  for (let round = 0; round < 15; round += 1) {
    const start = performance.now();
    for (let read = 0; read < 40; read += 1) {
      assert.equal(select(ring, [chains[1]!], { after: 0, limit: POSITIVE_INFINITY }, numbers).places.length, 20);
    }
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
