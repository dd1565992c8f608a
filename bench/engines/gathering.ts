/**
 * Gathers sends while a batch is under way, as the bus does. `write` gets one batch at a time, in order, and each send
 * resolves with its batch.
 */
export function gathering<T>(write: (batch: readonly T[]) => Promise<unknown>): (message: T) => Promise<void> {
  let waiting: { readonly message: T; readonly resolve: () => void }[] = [];
  let isWriting = false;
  const flush = async (): Promise<void> => {
    isWriting = true;
    await undefined; // a send of the same turn joins the batch
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await write(batch.map(({ message }) => message));
      for (const { resolve } of batch) resolve();
    }
    isWriting = false;
  };
  return (message) =>
    new Promise((resolve) => {
      waiting.push({ message, resolve });
      if (!isWriting) void flush();
    });
}
