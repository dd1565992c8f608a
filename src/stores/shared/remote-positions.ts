import { randomBytes } from "node:crypto";
import type { Position, Positions, PositionsWithin } from "../../store.ts";
import type { Clock } from "../../util/clock.ts";
import type { Failures } from "./failures.ts";
import { retry } from "./retry.ts";

/** A change of one position on an engine. Name and state are JSON text, which any engine can keep. */
export interface EngineChange {
  readonly name: string;
  /** The version to compare with. 0 stands for an absent name. */
  readonly version: number;
  /** The new state; undefined for a removal. */
  readonly state: string | undefined;
  /** A text that the engine keeps with the state, by which a later try finds the change of an earlier one. */
  readonly token: string;
}

/** The positions on an engine. Names and states are JSON text. All methods reject with the engine's error. */
export interface EnginePositions {
  /** Resolves with every position, in any order. */
  list(): Promise<readonly Position[]>;
  read(name: string): Promise<Position | undefined>;
  /** Makes a change in one step of the engine, if the stored version is the given one. Resolves with the stored version if the stored state has this token. */
  replace(change: EngineChange): Promise<number | undefined>;
}

/** The parts that positions on an engine need. */
export interface RemotePositionsOptions {
  readonly clock: Clock;
  readonly engine: EnginePositions;
  readonly failures: Pick<Failures, "mayReadAgain" | "isLost">;
  /** Absent if the engine has no transactions. */
  readonly within?: PositionsWithin;
}

/** Returns the positions of an engine across a network. Retries what may pass, and makes each change once. */
export function remotePositions({ clock, engine, failures, within }: RemotePositionsOptions): Positions {
  const { mayReadAgain } = failures;
  return {
    async list() {
      const all = (await retry(clock, () => engine.list(), mayReadAgain)).map(decoded);
      return all.sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async read(name) {
      const found = await retry(clock, () => engine.read(encode(name)), mayReadAgain);
      return found && decoded(found);
    },
    replace(name, version, state) {
      const change = {
        name: encode(name),
        version,
        state: state === undefined ? undefined : encode(state),
        token: newToken(),
      };
      return replaceOnce({ clock, failures }, () => engine.replace(change));
    },
    ...(within && { within }),
  };
}

// A try whose answer is lost may have made the change. The next try then finds its token. If it finds neither the token nor the
// version, another process may have changed the position since, so that nobody knows.
async function replaceOnce(
  { clock, failures }: Pick<RemotePositionsOptions, "clock" | "failures">,
  replace: () => Promise<number | undefined>,
): Promise<number | undefined> {
  let lost: unknown;
  const attempt = (): Promise<number | undefined> =>
    replace().catch((error) => {
      if (failures.isLost(error)) lost = error;
      throw error;
    });
  const replaced = await retry(clock, attempt, failures.mayReadAgain).catch((error) => {
    throw lost ?? error;
  });
  if (replaced === undefined && lost !== undefined) throw lost;
  return replaced;
}

/** Returns a text that no other change has. */
export function newToken(): string {
  return randomBytes(12).toString("base64url");
}

/** Writes any text as JSON, since not every engine keeps lone surrogates and zeros. */
export function encode(text: string): string {
  return JSON.stringify(text);
}

function decoded({ name, version, state }: Position): Position {
  return { name: JSON.parse(name) as string, version, state: JSON.parse(state) as string }; // as `encode` wrote them
}
