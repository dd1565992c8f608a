import { asError, BusError } from "../errors.ts";

/** The most kinds of errors of which the process is warned. */
const MOST_KINDS = 100;

const warned = new Set<string>();

/**
 * Warns the process of an error that no listener heard, once for each kind: the code and `refused` of a BusError, else the sentence. After 100 kinds it stays silent. Nothing happens on a platform without process warnings.
 */
export function warn(error: Error): void {
  const kind = error instanceof BusError ? `${error.code} ${error.refused}` : error.message;
  if (warned.has(kind) || warned.size >= MOST_KINDS) return;
  warned.add(kind);
  const { cause } = error;
  const reason = cause === undefined ? "" : asError(cause).message;
  const text = error.message.includes(reason) ? error.message : `${error.message}: ${reason}`;
  globalThis.process?.emitWarning?.(`${text} (listen to the bus's "error" event to hear of this and of what follows)`, {
    type: "NightbusWarning",
    detail: asError(cause ?? error).stack ?? "",
  });
}

/** Returns an error if this process seems to be one of several, whose sends a bus without a store misses. */
export function siblingsError(): Error | undefined {
  const process = globalThis.process as NodeJS.Process | undefined;
  const cluster = process?.getBuiltinModule?.("node:cluster") as { readonly isWorker?: boolean } | undefined;
  if (!cluster?.isWorker && process?.env?.["NODE_APP_INSTANCE"] === undefined) return undefined;
  return new Error(
    "this process seems to be one of several (node:cluster, or NODE_APP_INSTANCE of PM2), and this bus has no store: what one " +
      'process sends, the others never see, and cursors from them are answered "missed". Give it a store, such as sqlite(path)',
  );
}
