/** The identity of a send: its producer and its number. */
export type Sent = readonly { readonly from: number; readonly n: number }[];

/** Runs this many producers at once, each of which awaits each of its sends. */
export async function produce(
  producers: number,
  sends: number,
  send: (message: Sent[number]) => Promise<unknown>,
): Promise<void> {
  const producer = async (_: unknown, from: number): Promise<void> => {
    for (let n = 0; n < sends; n += 1) await send({ from, n });
  };
  await Promise.all(Array.from({ length: producers }, producer));
}

/** Sorts sends by producer and number, because the order of arrival differs between the two sides. */
export function inOrder(sent: Sent): Sent {
  return sent.toSorted((one, other) => one.from - other.from || one.n - other.n);
}
