import { expect } from "vitest";
import { Bus } from "../../../src/bus.ts";
import { until } from "../conformance/client.ts";
import type { Options as OptionsOf } from "../conformance/host.ts";

export type Options = OptionsOf<unknown>;

/** Polls and streams that end soon, and bodies as large as the inputs have them. */
const LIMITS: Options = { timeout: 5, maxAge: 5, maxBody: 150_000, maxWaiting: 20 };

/**
 * Mounts on which a client may name all strings, and on which hooks keep the string `private` from it, on pages of most
 * origins.
 */
export const MOUNTS: readonly (readonly [what: string, options: Options])[] = [
  ["without a hook for what is read", { ...LIMITS, send: () => true }],
  [
    "with hooks",
    {
      ...LIMITS,
      cors: { origin: (origin) => origin !== "null", credentials: true },
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

const KNOWN = Reflect.ownKeys(Object.prototype);

const SECRET = "51c2f0aa, for those who were granted it";

/** A bus of which every channel that no client may read holds a secret. */
export class Bed {
  readonly bus = new Bus();
  readonly #errors: Error[] = [];
  readonly #guarded: readonly (string | readonly [string, string | number])[];

  static async make(options: Options): Promise<Bed> {
    const bed = new Bed(options);
    await bed.bus.sendmany([["lobby", "good evening"], ...bed.#guarded.map((channel) => [channel, SECRET] as const)]);
    return bed;
  }

  private constructor({ channels }: Options) {
    this.#guarded = channels === undefined ? TUPLES : [...TUPLES, "private"];
    this.bus.on("error", (error) => this.#errors.push(error));
  }

  /** The conditions of every answer to a client. */
  checkAnswer(text: string, statuses: readonly number[]): void {
    for (const status of statuses) expect(status).toBeLessThan(500);
    expect(text).not.toContain(SECRET);
    expect(text).not.toMatch(/^X-Injected|^event: (?!missed|position)/im);
  }

  /** The conditions after all clients have gone. */
  async checkRest(): Promise<void> {
    await until(() => this.bus.waiting === 0);
    expect(this.#errors).toEqual([]);
    expect(Reflect.ownKeys(Object.prototype).filter((key) => !KNOWN.includes(key))).toEqual([]);
    for (const channel of this.#guarded)
      expect(await this.bus.recent([channel], 9)).toMatchObject([{ message: SECRET }]);
  }
}
