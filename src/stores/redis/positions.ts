import { BusError } from "../../errors.ts";
import type { Position } from "../../store.ts";
import type { EngineChange, EnginePositions } from "../shared/remote-positions.ts";
import type { Ask } from "./engine.ts";
import { plainScript, runScript, type Script } from "./script.ts";

/** The field of the newest version. Names are JSON, so that no name is this one. */
const NEWEST = "newest";

/**
 * Removes nothing, and so makes a replica refuse the script. A server that was replaced in a failover would tell of an older
 * state.
 */
const ON_PRIMARY = "redis.call('hdel', KEYS[1], '')";

/** The field by which the log's own hash remembers a name. */
const REMEMBERED = "'position ' .. ARGV[1]";

/** Reads all positions, as a list of fields and values. */
const LIST = plainScript(`${ON_PRIMARY} return redis.call('hgetall', KEYS[1])`);

/** Reads one position. Takes its name. Answers it, or nothing, and a 1 if somebody else has removed it. */
const READ = plainScript(`
  ${ON_PRIMARY}
  return { redis.call('hget', KEYS[1], ARGV[1]), redis.call('hexists', KEYS[2], ${REMEMBERED}) }
`);

/**
 * Replaces a position. Takes its name, the version to compare with, a token, and the state, or no state for a removal. Answers
 * the new version, or the stored one if the token is stored, or nil. A version follows the newest one and the clock, so that a server that
 * lost its newest writes gives none of their versions again. The log's own hash remembers each name until its removal.
 */
const REPLACE = plainScript(`
  local version, token = string.match(redis.call('hget', KEYS[1], ARGV[1]) or '', '^(%d+) (%S+) ')
  if (version or '0') ~= ARGV[2] then return token == ARGV[3] and version or false end
  if not ARGV[4] then
    redis.call('hdel', KEYS[1], ARGV[1])
    redis.call('hdel', KEYS[2], ${REMEMBERED})
    return '0'
  end
  local time = redis.call('time')
  local newest = tonumber(redis.call('hget', KEYS[1], '${NEWEST}') or 0)
  local moved = string.format('%.0f', math.max(newest + 1, time[1] * 1000000 + time[2]))
  redis.call('hset', KEYS[1], ARGV[1], moved .. ' ' .. ARGV[3] .. ' ' .. ARGV[4], '${NEWEST}', moved)
  redis.call('hset', KEYS[2], ${REMEMBERED}, '1')
  return moved
`);

/** The parts that positions in Redis need. */
export interface RedisPositionsOptions {
  readonly ask: Ask;
  /** The hash of the positions, and the log's own hash, which remembers their names. Both are on the node of the log. */
  readonly keys: readonly [positions: string, meta: string];
  /** Hears once of each position that is lost. */
  readonly error: (error: Error) => void;
}

/** The positions of consumers, as the fields of one hash. */
export class RedisPositions implements EnginePositions {
  readonly #options: RedisPositionsOptions;
  /** The names whose loss was told. */
  readonly #told = new Set<string>();

  constructor(options: RedisPositionsOptions) {
    this.#options = options;
  }

  async list(): Promise<readonly Position[]> {
    const found = (await this.#run(LIST, [])) as readonly string[]; // as the script answers
    const all: Position[] = [];
    for (let at = 0; at + 1 < found.length; at += 2) {
      if (found[at] !== NEWEST) all.push(positionOf(found[at]!, found[at + 1]!));
    }
    return all;
  }

  async read(name: string): Promise<Position | undefined> {
    const [found, known] = (await this.#run(READ, [name])) as [string | null, number]; // as the script answers
    if (found !== null) {
      this.#told.delete(name);
      return positionOf(name, found);
    }
    if (known === 1 && !this.#told.has(name)) {
      this.#told.add(name);
      this.#options.error(lostPosition(name));
    }
    return undefined;
  }

  async replace({ name, version, state, token }: EngineChange): Promise<number | undefined> {
    const moved = await this.#run(REPLACE, [name, `${version}`, token, ...(state === undefined ? [] : [state])]);
    return moved === null ? undefined : Number(moved);
  }

  #run(script: Script, values: readonly string[]): Promise<unknown> {
    const { ask, keys } = this.#options;
    return runScript(ask, script, keys, values);
  }
}

function lostPosition(name: string): BusError {
  return new BusError(
    "store",
    `Redis has lost the position of the consumer ${name}, which somebody else deleted or the server evicted: the next consumer ` +
      "of this name begins as a new one does, so set maxmemory-policy noeviction",
  );
}

function positionOf(name: string, value: string): Position {
  const [version = "", token = ""] = value.split(" ", 2);
  return { name, version: Number(version), state: value.slice(version.length + token.length + 2) };
}
