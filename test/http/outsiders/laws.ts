import { expect, it } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Bed, TROUBLES } from "./bed.ts";
import type { Asked, Tell } from "./heard.ts";

/** One client, and the mount that it listens to. */
export interface Tried {
  readonly bed: Bed;
  /** Begins to listen at this URL. */
  hear(asked: Asked, tell: Tell): Promise<void>;
}

/** The longest that anything may take. A refused client comes back after 5 to 10 s. */
const PATIENCE = 25_000;

/** The promises to clients of server-sent events that nobody here wrote. */
export function describeOutsider(
  name: string,
  trying: (test: (tried: Tried) => Promise<void>) => () => Promise<void>,
): void {
  const soon = (what: string, condition: () => boolean): Promise<void> =>
    eventually(() => `${name} ${what}`, condition, PATIENCE);

  it.concurrent(
    `${name} hears notifications alone in its message handler, with data in all that it hears, after a position that is garbage`,
    trying(async ({ bed, hear }) => {
      const { heard, messages, count } = recorder();
      await hear({ url: `${bed.url}/events?channels=a`, lastEventId: "garbage" }, heard);
      await soon("hears missed", () => count("missed") === 1);
      await bed.bus.sendmany([
        ["a", 1],
        ["b", "not its own"],
        ["a", ""],
      ]);
      await soon("hears both", () => messages().length >= 2);
      const beats = count("position");
      await soon("hears heartbeats", () => count("position") > beats + 2);
      bed.cut();
      await soon("comes back", () => bed.asked === 2 && bed.streams === 1);
      await bed.bus.sendone("a", { end: true });
      await soon("hears the end", () => messages().length >= 3);
      expect(messages()).toEqual([1, "", { end: true }]);
      expect(count("missed"), "its own position counts from the first frame on").toBe(1);
    }),
  );

  it.concurrent(
    `${name} resumes where it was cut off, in the middle of a frame, too`,
    trying(async ({ bed, hear }) => {
      const { heard, messages, count } = recorder();
      await hear({ url: `${bed.url}/events?channels=a`, lastEventId: undefined }, heard);
      await soon("is open", () => count("position") > 0);
      await bed.bus.sendone("a", 1);
      await soon("hears 1", () => messages().length === 1);
      bed.cut();
      await soon("is cut", () => bed.streams === 0);
      await bed.bus.sendmany([2, 3].map((n) => ["a", n] as const));
      await soon("hears 2 and 3", () => messages().length >= 3);
      const text = "x".repeat(1_000);
      bed.cutIn(text);
      await bed.bus.sendmany([4, text, 5].map((n) => ["a", n] as const));
      await soon("hears 5", () => messages().includes(5));
      await bed.bus.sendone("a", 6);
      await soon("hears 6", () => messages().includes(6));
      expect(messages()).toEqual([1, 2, 3, 4, text, 5, 6]);
      expect([bed.asked, count("missed")]).toEqual([3, 0]);
    }),
  );

  it.concurrent.each(TROUBLES)(
    `${name} comes back to a mount that was %s, and hears what was sent meanwhile`,
    (trouble) =>
      trying(async ({ bed, hear }) => {
        const { heard, messages, count } = recorder();
        await hear({ url: `${bed.url}/events?channels=a`, lastEventId: undefined }, heard);
        await soon("is open", () => count("position") > 0);
        await bed.bus.sendone("a", 1);
        await soon("hears 1", () => messages().length === 1);
        const heal = await bed.refuse(trouble);
        const { asked } = bed;
        await bed.bus.sendone("a", 2);
        await soon("is refused", () => bed.asked > asked);
        await bed.bus.sendone("a", 3);
        heal();
        await soon("hears 2 and 3", () => messages().length >= 3);
        await bed.bus.sendone("a", 4);
        await soon("hears 4", () => messages().length >= 4);
        expect(messages()).toEqual([1, 2, 3, 4]);
        expect([bed.asked - asked, count("missed")]).toEqual([2, 0]);
      })(),
  );
}

function recorder() {
  const all: (readonly [name: string, data: string])[] = [];
  const of = (wanted: string): readonly { readonly message: unknown }[] =>
    all.filter(([name]) => name === wanted).map(([, data]) => JSON.parse(data));
  return {
    heard: (name: string, data: string) => void all.push([name, data]),
    /** All that the ordinary handler was given. */
    messages: () => of("message").map(({ message }) => message),
    count: (name: string) => of(name).length,
  };
}
