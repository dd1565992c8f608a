/** A mount in memory, given to the client as its `fetch`: the test sends, trims, breaks and counts. */
export class FakeMount {
  /** The requests, as `GET events …` or `POST poll {…}`. */
  readonly asked: string[] = [];
  readonly headers: Headers[] = [];
  last = 100;
  /** Answers instead of the mount while it gives something; a thrown error is a broken network. */
  fault: (asked: string) => Response | undefined | Promise<Response | undefined> = () => undefined;
  /** Holds each answer up. */
  delay: () => Promise<void> = async () => {};
  /** Channels that a hook adds for every client. */
  added: readonly Row["channel"][] = [];
  /** Begins each stream. */
  retry = "retry: 0\n";
  /** The heartbeat that a stream states; undefined: its frames have no data, as those of an older mount. */
  says: number | undefined = 15_000;
  #rows: Row[] = [];
  /** Loses the answer of a send after its commit. */
  loses: (asked: string) => boolean = () => false;
  /** The time in ms for which a key is remembered. */
  window = 600_000;
  readonly #keys = new Map<string, { readonly body: string; readonly ids: readonly number[]; readonly at: number }>();
  readonly #watermarks = new Map<string, number>();
  readonly #streams = new Set<Stream>();
  readonly #parked = new Map<() => void, readonly string[]>();

  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { pathname, searchParams, search } = new URL(String(url), "http://bus");
    const method = init.method ?? "GET";
    const route = pathname.split("/").at(-1);
    const asked = `${method} ${route}${withoutMark(search)}${init.body ? ` ${init.body}` : ""}`;
    this.asked.push(asked);
    this.headers.push(new Headers(init.headers));
    const { signal } = init;
    await unlessAborted(this.delay(), signal);
    const fault = await unlessAborted(Promise.resolve(this.fault(asked)), signal);
    signal?.throwIfAborted();
    if (fault) return fault;
    if (route === "send") {
      const answer = this.#send(String(init.body), new Headers(init.headers).get("Idempotency-Key"));
      if (this.loses(asked)) throw new TypeError("network error");
      return answer;
    }
    const ask = init.body ? (JSON.parse(String(init.body)) as Ask) : askIn(searchParams);
    const { channels, last: from = route === "poll" ? 0 : this.last } = ask;
    if (route === "poll") return this.#poll({ ...ask, last: from }, signal);
    const headers = { "Content-Type": "text/event-stream", "Nightbus-Last": `${this.last}` };
    if (method === "HEAD") return new Response(null, { headers });
    if (channels.length + this.added.length === 0) return refuse(400, "bad_channel");
    return new Response(this.#stream(channels, from, signal), { headers });
  };

  /** The messages that were committed, in order. */
  get messages(): readonly unknown[] {
    return this.#rows.map(({ message }) => message);
  }

  get streams(): number {
    return this.#streams.size;
  }

  get parked(): number {
    return this.#parked.size;
  }

  /** The channels that each open stream and each parked poll has asked for. */
  get reading(): readonly (readonly string[])[] {
    return [...[...this.#streams].map(({ channels }) => channels), ...this.#parked.values()];
  }

  /** Sends a message of its own number on each of these channels, as one send. */
  send(...channels: readonly (string | readonly (string | number)[])[]): readonly number[] {
    return this.#commit(channels.map((channel) => [channel, null]));
  }

  /** Forgets everything up to this id. */
  trim(id: number): void {
    for (const row of this.#rows) if (row.id <= id) this.#watermarks.set(JSON.stringify(row.channel), row.id);
    this.#rows = this.#rows.filter((row) => row.id > id);
  }

  /** A new life, with another log. */
  restart(last: number): void {
    this.cut();
    this.#rows = [];
    this.#watermarks.clear();
    this.last = last;
  }

  heartbeat(): void {
    this.write(this.#position(this.last));
  }

  /** Writes to all streams what is no business of the mount. */
  write(text: string): void {
    for (const stream of this.#streams) stream.write(text);
  }

  /** Breaks all streams. */
  cut(): void {
    for (const { controller } of this.#streams) controller.error(new TypeError("network error"));
    this.#streams.clear();
  }

  /** Ends all streams, as at their greatest age. */
  end(): void {
    for (const { controller } of this.#streams) controller.close();
    this.#streams.clear();
  }

  #position(last: number, heartbeat?: number): string {
    if (this.says === undefined) return `id: ${last}\n\n`;
    return `event: position\nid: ${last}\ndata: ${JSON.stringify({ last, heartbeat })}\n\n`;
  }

  #commit(entries: readonly (readonly [Row["channel"], unknown])[]): readonly number[] {
    const rows = entries.map(([channel, message], index) => ({ id: this.last + 1 + index, channel, message }));
    this.last += rows.length;
    this.#rows.push(...rows);
    for (const { wants, write } of this.#streams) write(rows.filter(wants).map(frameOf).join(""));
    for (const wake of [...this.#parked.keys()]) wake();
    return rows.map(({ id }) => id);
  }

  #send(body: string, key: string | null): Response {
    const known = this.#keys.get(`${key}`);
    if (key !== null && known !== undefined && Date.now() < known.at + this.window) {
      return known.body === body ? Response.json({ ids: known.ids }) : refuse(422, "bad_key");
    }
    const ids = this.#commit(JSON.parse(body).entries);
    if (key !== null) this.#keys.set(key, { body, ids, at: Date.now() });
    return Response.json({ ids });
  }

  #wants(channels: readonly string[]): (row: Row) => boolean {
    const keys = new Set([...channels, ...this.added].map((channel) => JSON.stringify(channel)));
    return ({ channel }) => keys.has(JSON.stringify(channel));
  }

  #read(channels: readonly string[], from: number): { rows: readonly Row[]; missed: boolean; from: number } {
    const keys = [...channels, ...this.added].map((channel) => JSON.stringify(channel));
    const future = from > this.last;
    const missed = future || (from > 0 && keys.some((key) => (this.#watermarks.get(key) ?? 0) > from));
    const after = future ? 0 : from;
    const rows = this.#rows.filter((row) => row.id > after && this.#wants(channels)(row));
    return { rows, missed, from: future ? 0 : from };
  }

  async #poll(
    { channels, last, timeout = 0 }: Ask & { last: number },
    signal: AbortSignal | null | undefined,
  ): Promise<Response> {
    if (channels.length + this.added.length === 0) return refuse(400, "bad_channel");
    let found = this.#read(channels, last);
    const late = Date.now() + timeout;
    while (found.rows.length === 0 && !found.missed && Date.now() < late) {
      await this.#park(channels, late - Date.now(), signal);
      found = this.#read(channels, last);
    }
    const rows = found.rows.slice(0, PAGE);
    const reached = rows.length < found.rows.length ? rows.at(-1)!.id : this.last;
    return Response.json({ notifications: rows, last: reached, missed: found.missed });
  }

  async #park(channels: readonly string[], ms: number, signal: AbortSignal | null | undefined): Promise<void> {
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const timer = setTimeout(wake, ms);
    this.#parked.set(wake, channels);
    await unlessAborted(woken, signal).finally(() => {
      clearTimeout(timer);
      this.#parked.delete(wake);
    });
  }

  #stream(channels: readonly string[], last: number, signal: AbortSignal | null | undefined): ReadableStream {
    const encoder = new TextEncoder();
    return new ReadableStream({
      start: (controller) => {
        const write = (text: string): void => {
          if (text !== "") controller.enqueue(encoder.encode(text));
        };
        const stream: Stream = { controller, channels, write, wants: this.#wants(channels) };
        this.#streams.add(stream);
        signal?.addEventListener("abort", () => {
          if (this.#streams.delete(stream)) controller.error(signal.reason);
        });
        const { rows, missed, from } = this.#read(channels, last);
        write(`${this.retry}${this.#position(from, this.says)}`);
        if (missed) write(`event: missed\nid: ${(rows[0]?.id ?? this.last + 1) - 1}\ndata: {"last":${last}}\n\n`);
        write(rows.map(frameOf).join(""));
      },
    });
  }
}

/** Returns an address without the parameter that makes each address a new one. */
export function withoutMark(address: string): string {
  return address.replace(/[?&]_=[\d.e-]+$/, "");
}

export interface Row {
  readonly id: number;
  readonly channel: string | readonly (string | number)[];
  readonly message: unknown;
}

export function frameOf(row: Row): string {
  return `id: ${row.id}\ndata: ${JSON.stringify(row)}\n\n`;
}

export function refuse(status: number, code: string, headers: HeadersInit = {}): Response {
  return Response.json({ error: { code, message: "as the test wishes" } }, { status, headers });
}

interface Stream {
  readonly channels: readonly string[];
  readonly controller: ReadableStreamDefaultController;
  readonly write: (text: string) => void;
  readonly wants: (row: Row) => boolean;
}

export interface Ask {
  readonly channels: readonly string[];
  readonly last?: number | undefined;
  readonly timeout?: number | undefined;
}

/** Returns what a query asks for. */
export function askIn(query: URLSearchParams): Ask {
  const number = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
  return { channels: query.getAll("channels"), last: number("last"), timeout: number("timeout") };
}

const PAGE = 3;

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
