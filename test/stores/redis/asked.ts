import type { Redis } from "ioredis";
import type { RedisClient } from "nightbus/redis";
import type { Script } from "../../../src/stores/redis/script.ts";
import { APPEND, CREATE, PAGE, TRIM } from "../../../src/stores/redis/scripts.ts";

const SCRIPTS: readonly (readonly [name: string, script: Script])[] = Object.entries({
  APPEND,
  CREATE,
  PAGE,
  TRIM,
});

/** The requests to a server over an application's client. */
export interface Asked {
  readonly connection: RedisClient;
  /** The scripts that were run, by name, and the commands. Reads that wait are counted by themselves. */
  commands: string[];
  waits: number;
  /** Called with each command that is sent; what it returns is sent instead. */
  changes: (command: readonly string[]) => readonly string[];
  /** Awaited before an answer is given. An error that it throws reaches the caller. */
  answered: (name: string, answer: unknown) => Promise<void> | void;
}

/** A change by which a read that waits hears nothing. */
export const DEAF: Asked["changes"] = (command) =>
  command[0] === "XREAD" ? [...command.slice(0, -1), "18446744073709551615-0"] : command;

/** A client of ioredis of which the test sees what its duplicates are asked. */
export function asking(native: Redis): Asked {
  const connection = Object.create(native) as Redis;
  const asked: Asked = {
    connection: connection as unknown as RedisClient,
    commands: [],
    waits: 0,
    changes: (command) => command,
    answered: () => {},
  };
  connection.duplicate = (overrides) => {
    const ours = native.duplicate(overrides);
    const call = ours.call.bind(ours) as (...command: readonly string[]) => Promise<unknown>;
    ours.call = (async (...command: readonly string[]) => {
      const name = nameOf(command);
      if (name === "XREAD") asked.waits += 1;
      else asked.commands.push(name);
      const answer = await call(...asked.changes(command));
      await asked.answered(name, answer);
      return answer;
    }) as typeof ours.call;
    return ours;
  };
  return asked;
}

function nameOf([command, script]: readonly string[]): string {
  const known = SCRIPTS.find(([, { sha, source }]) => script === sha || script === source);
  return known === undefined ? command! : known[0];
}
