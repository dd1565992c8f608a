/** The channel on which the nodes tell each other of their members. */
export const NODES_KEY = '["nightbus.presence"]';

const PREFIX = '["presence",';

/** Returns true for the channels of presence: those of changes, and the channel of the nodes. */
export function isOwn(key: string): boolean {
  return key.startsWith(PREFIX) || key === NODES_KEY;
}

/** Returns true for the names of these channels, and for names that nightbus may give to others of its own. */
export function isOwnName(name: string): boolean {
  return name === "presence" || name.startsWith("nightbus.");
}

/** Returns true for a channel that carries the changes of another channel. */
export function isChanges(key: string): boolean {
  return key.startsWith(PREFIX);
}

/**
 * Returns the key of the channel that carries the changes of this channel: `["presence", "room:7"]` of `"room:7"`, and
 * `["presence", "chess.game", 7]` of `["chess.game", 7]`. A tuple of one name has none, because its name as a string
 * has that key. Neither have the channels of presence.
 */
export function changesKeyOf(key: string): string | undefined {
  if (/^(\["|")presence"/.test(key) || key === NODES_KEY) return undefined;
  if (!key.startsWith("[")) return `${PREFIX}${key}]`;
  return JSON.parse(key).length === 1 ? undefined : `${PREFIX}${key.slice(1)}`;
}
