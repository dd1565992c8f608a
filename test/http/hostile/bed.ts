import { expect } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { until } from "../../conformance/client.ts";
import type { Options } from "../../conformance/mount.ts";

/** Polls and streams that end soon, and bodies as large as the inputs have them. */
const LIMITS: Options<unknown> = { timeout: 5, maxAge: 5, maxBody: 150_000, maxWaiting: 20 };

/** Mounts on which a client may name all strings, and on which hooks keep the string `private` from it. */
export const MOUNTS: readonly (readonly [what: string, options: Options<unknown>])[] = [
  ["without a hook for what is read", { ...LIMITS, send: () => true }],
  [
    "with hooks",
    {
      ...LIMITS,
      channels: (asked) => asked.filter((name) => name !== "private"),
      send: (entries) => entries.filter(([name]) => name !== "private"),
    },
  ],
];

const TUPLES = [
  ["private", 1],
  ["private", "1"],
  ["lobby", 1],
  ["__proto__", 1],
  ["constructor", "prototype"],
] as const;

const SECRET = "51c2f0aa, for those who were granted it";

/** A bus of which every channel that no client may read holds a secret. */
export class Bed {
  readonly bus = new Bus();
  readonly #errors: Error[] = [];
  readonly #guarded: readonly (string | readonly [string, string | number])[];

  constructor({ channels }: Options<unknown>) {
    this.#guarded = channels === undefined ? TUPLES : [...TUPLES, "private"];
    this.bus.on("error", (error) => this.#errors.push(error));
  }

  seed(): Promise<unknown> {
    return this.bus.sendmany([
      ["lobby", "good evening"],
      ...this.#guarded.map((channel) => [channel, SECRET] as const),
    ]);
  }

  /** What has to hold of all that a client was answered. */
  checkAnswer(text: string): void {
    for (const [, status] of text.matchAll(/^HTTP\/1\.1 (\d+)/gm)) expect(Number(status)).toBeLessThan(500);
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/^X-Injected|^event: (?!missed)/im);
  }

  /** What has to hold when all clients have gone. */
  async checkRest(): Promise<void> {
    await until(() => this.bus.waiting === 0);
    expect(this.#errors).toEqual([]);
    expect(Reflect.ownKeys(Object.prototype).filter((key) => !KNOWN.includes(key))).toEqual([]);
    for (const channel of this.#guarded)
      expect(await this.bus.recent([channel], 9)).toMatchObject([{ message: SECRET }]);
  }
}

const KNOWN = Reflect.ownKeys(Object.prototype);
