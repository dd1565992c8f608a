import type { PresenceTarget } from "./options.ts";

/** The wishes of one subscription. */
export interface Requested {
  readonly channels: readonly string[];
  readonly presence: readonly PresenceTarget[];
}

const PREFIX = "odoo-presence-";
const TARGET = /^odoo-presence-([\w.]+)_(\d{1,15})(?:-([0-9a-f]{64}o0x[0-9a-f]+))?$/;

/** Parts a client's list: names that ask for the presence of a record are no channels. Names of that kind that no client writes are dropped. */
export function parted(names: readonly string[]): Requested {
  const asking = names.filter((name) => name.startsWith(PREFIX));
  if (asking.length === 0) return { channels: names, presence: [] };
  return {
    channels: names.filter((name) => !name.startsWith(PREFIX)),
    presence: asking.flatMap((name) => targetIn(name) ?? []),
  };
}

function targetIn(name: string): PresenceTarget | undefined {
  const [, model, id, token] = TARGET.exec(name) ?? [];
  if (model === undefined) return undefined;
  const target = { model, id: Number(id) };
  return token === undefined ? target : { ...target, token };
}
