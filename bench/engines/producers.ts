/** What was sent: by which producer, and the how manieth of it. */
export type Sent = readonly { readonly from: number; readonly n: number }[];

/** So many producers at once, each of which awaits each of its sends. */
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

/** The same by whom and the how manieth, where the order of arrival is not the same on both sides. */
export function inOrder(sent: Sent): Sent {
  return sent.toSorted((one, other) => one.from - other.from || one.n - other.n);
}
