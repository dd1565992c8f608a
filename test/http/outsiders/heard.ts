/** Tells the name of an event, "message" for those that have none, and its data. */
export type Tell = (name: string, data: string) => void;

export interface Asked {
  /** The route `events`, with its query. */
  readonly url: string;
  /** The position with which the client begins, in the way in which its library says one. */
  readonly lastEventId: string | undefined;
}

/** Listens as a page would that uses this library. Returns the function that ends the listening. */
export type Outsider = (asked: Asked, tell: Tell) => () => void;

/** The interface that EventSource and its copies share. */
interface Source {
  onmessage: unknown;
  addEventListener(name: string, listener: (event: Event & { readonly data?: string }) => void): void;
}

/** Hears notifications by the ordinary handler, and the mount's other events by their names. */
export function listen(source: Source, tell: Tell): void {
  source.onmessage = ({ data }: { readonly data: string }) => tell("message", data);
  for (const name of ["position", "missed"]) source.addEventListener(name, ({ data }) => tell(name, data ?? ""));
}

/** The URL with a position in its query, for clients that can set no header. */
export function withLastEventId({ url, lastEventId }: Asked): string {
  return lastEventId === undefined ? url : `${url}&lastEventId=${lastEventId}`;
}
