import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Said } from "../../../examples/chess/club.ts";
import { eventually } from "../../support/eventually.ts";
import { type Heard, Person } from "./chess-person.ts";
import { start, stop } from "./chess-server.ts";

const folder = mkdtempSync(join(tmpdir(), "nightbus-chess-"));
const DATABASE = join(folder, "chess.db");

/** The message, and its outcome: an id, or that nobody knows. */
interface Spoken {
  readonly text: string;
  readonly id: number | undefined;
}

describe("the chess club that is told to end while many talk", () => {
  const end = { isNear: false };
  const spoken: Spoken[] = [];
  let people: Person[];

  beforeAll(async () => {
    await start(DATABASE);
    people = await Promise.all(Array.from({ length: 12 }, (_, n) => Person.called(`Member ${n}`)));
  });

  afterAll(async () => {
    await stop("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it("ends within a second, and nobody loses or doubles anything over the restart", async () => {
    const last = Math.max(...people.map((person) => person.last));
    const [talkers, pollers, streamers] = [people.slice(0, 6), people.slice(6, 9), people.slice(9)];
    const books = [...pollers, ...streamers].map(() => new Map<number, string>());
    const twice: string[] = [];
    const note = (book: Map<number, string>, { id, message }: Heard) => {
      if (book.has(id)) twice.push(`${id} ${message.text}`);
      book.set(id, message.text ?? "");
    };
    const talking = talkers.map((person, n) => talk(person, n));
    const polling = pollers.map((person, n) => poll(person, last, (heard) => note(books[n]!, heard)));
    const ends: string[] = [];
    const streaming = streamers.map((person, n) =>
      stream(person, last, ends, (heard) => note(books[pollers.length + n]!, heard)),
    );
    await eventually(
      () => "everybody hears",
      () => books.every((book) => book.size > 50),
      20_000,
    );

    const held = people[0]!.poll(["a quiet one"], (await people[0]!.state()).last, 30_000);
    for (let turn = 0; turn < 3; turn += 1) await people[1]!.state(); // the send is held now
    const began = performance.now();
    expect(await stop("SIGTERM")).toBe(0);
    const took = performance.now() - began;
    expect(await (await held).json()).toMatchObject({ notifications: [], missed: false });
    await start(DATABASE, "the same port");
    const before = spoken.length;
    await eventually(
      () => "everybody talks again",
      () => spoken.length > before + 50,
      20_000,
    );
    end.isNear = true;
    await Promise.all(talking);
    const acknowledged = spoken.flatMap(({ id, text }) => (id === undefined ? [] : [[id, text] as const]));
    const newest = Math.max(...acknowledged.map(([id]) => id));
    await eventually(
      () => "everybody has heard all",
      () => books.every((book) => book.has(newest)),
      20_000,
    );
    await stop("SIGTERM");
    await Promise.all([...polling, ...streaming]);

    expect(twice, "heard twice").toEqual([]);
    for (const book of books) {
      for (const [id, text] of acknowledged) expect(book.get(id), `${id} was acknowledged`).toBe(text);
      expect([...book.keys()]).toEqual([...book.keys()].sort((a, b) => a - b));
      expect(new Set(book.values()).size, "nothing was said twice").toBe(book.size);
      expect(book).toEqual(books[0]);
    }
    for (const text of ends) expect(text).toMatch(/^retry: \d+\n[\s\S]*\n\n$/);
    expect(took).toBeLessThan(1_000);
  });

  /** Says one thing after the other; what fails is not said again, since nobody knows whether it was heard. */
  async function talk(person: Person, n: number): Promise<void> {
    for (let turn = 0; !end.isNear; turn += 1) {
      const text = `${n} says ${turn}`;
      const answer = await person.post("say", { text }).catch(() => undefined);
      const said = answer?.ok ? ((await answer.json()) as Said) : undefined;
      spoken.push({ text, id: said?.id });
      if (said === undefined) await pause(20);
    }
  }

  /** Polls from one answer to the next, until the club is closed for good. */
  async function poll(person: Person, from: number, hear: (heard: Heard) => void): Promise<void> {
    for (let last = from; ; ) {
      const answer = await person.poll(["room"], last, 20_000).catch(() => undefined);
      if (answer?.ok) {
        const batch = (await answer.json()) as { notifications: Heard[]; last: number; missed: boolean };
        expect(batch.missed).toBe(false);
        for (const heard of batch.notifications) if (heard.channel === "room") hear(heard);
        last = batch.last;
      } else if (end.isNear) return;
      else await pause(20);
    }
  }

  /** Streams, and goes on from the last frame when the stream has ended. */
  async function stream(person: Person, from: number, ends: string[], hear: (heard: Heard) => void): Promise<void> {
    for (let last = from; ; ) {
      const answer = await person.events(last).catch(() => undefined);
      if (answer?.ok) {
        const text = await textOf(answer, (frame) => {
          last = Number(/^id: (\d+)$/m.exec(frame)?.[1] ?? last);
          const heard = /^data: (.*)$/m.exec(frame)?.[1];
          if (heard !== undefined && JSON.parse(heard).channel === "room") hear(JSON.parse(heard) as Heard);
        });
        ends.push(text);
      } else if (end.isNear) return;
      else await pause(20);
    }
  }
});

/** Reads a stream frame by frame to its end, which has to be a proper one, and answers all of it. */
async function textOf(response: Response, take: (frame: string) => void): Promise<string> {
  let all = "";
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    all += text;
    const frames = (rest + text).split("\n\n");
    rest = frames.pop()!; // a split has a last part
    for (const frame of frames) take(frame);
  }
  return all;
}
