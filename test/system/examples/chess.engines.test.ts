import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Game } from "../../../examples/chess/channels.ts";
import { ENGINES } from "../../support/engines/engines.ts";
import { Person } from "./chess-person.ts";
import { withoutEngines } from "./chess-server.ts";

/** Starts the club as `npm start` does, and answers where it can be reached once both of its processes can. */
async function open(env: Readonly<Record<string, string>>): Promise<readonly [ChildProcess, readonly string[]]> {
  const club = spawn(process.execPath, ["--import", "tsx", "examples/chess/start.ts"], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    env: { ...withoutEngines(), PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const addresses: string[] = [];
  // The output is piped.
  for await (const line of createInterface({ input: club.stdout! })) {
    const [address] = /http:\S+$/.exec(line) ?? [];
    if (address !== undefined) addresses.push(address);
    if (addresses.length === 2) return [club, addresses];
  }
  throw new Error("the club ended before it was open");
}

describe.each([
  ["Postgres", "DATABASE_URL", ENGINES.postgres],
  ["Redis", "REDIS_URL", ENGINES.redis],
] as const)("the chess club on %s", (_, variable, { create, missing }) => {
  it("is one club on two ports, and ends in good order", async ({ skip }) => {
    const reason = missing();
    if (reason !== undefined && process.env["CI"] === undefined) skip(reason);
    expect(reason).toBeUndefined();
    const folder = mkdtempSync(join(tmpdir(), "nightbus-chess-"));
    const engine = create();
    let club: ChildProcess | undefined;
    try {
      await engine.start();
      const [opened, [here, there]] = await open({
        [variable]: engine.connection(),
        DATABASE: join(folder, "chess.db"),
      });
      club = opened;
      const [ann, ben] = [await Person.called("Ann", here), await Person.called("Ben", there)];
      await ann.catchesUp();
      await ben.catchesUp();
      await ann.does("say", { text: "over there?" });
      for (const person of [ann, ben]) expect(await textsFor(person)).toEqual(["over there?"]);
      [ann.at, ben.at] = [there, here]; // a balancer sends everybody anywhere
      await ben.does("say", { text: "here now" });
      for (const person of [ann, ben]) expect(await textsFor(person)).toEqual(["here now"]);
      const game = await ann.does<Game>("games", { to: "Ben" });
      expect((await ben.hears([])).map(({ message }) => message.status)).toContain("offered");
      expect(game.white).toBe("Ann");
      opened.kill("SIGTERM");
      const [code] = await once(opened, "exit");
      expect(code).toBe(0);
    } finally {
      club?.kill("SIGKILL");
      await engine.close();
      rmSync(folder, { recursive: true });
    }
  });
});

async function textsFor(person: Person): Promise<readonly unknown[]> {
  return (await person.hears()).map(({ message }) => message.text);
}
