import { BusError, type Gap, type PendingRow, type Store, type StoreSink, type Trimmed } from "nightbus";
import { LineFile } from "./line-file.ts";
import { LogImage } from "./log-image.ts";

/** Trims are gathered for this time, in ms, and written as one line. */
const GATHER = 500;

/**
 * Keeps a bus's notifications in a file of JSON lines, one line for each commit. The folder must exist. One process uses the
 * file at a time: a second one is refused. An acknowledged send survives a power cut.
 */
export function jsonl(path: string): Store {
  return new JsonlStore(path);
}

/** The store on one file. Each line is written whole and flushed to the disk before its rows are handed over. */
class JsonlStore implements Store {
  readonly maxRows = 1_000;
  readonly maxBytes = 2 ** 24;
  readonly #path: string;
  readonly #trims: Trimmed[] = [];
  #image = new LogImage();
  #file: LineFile | undefined;
  #sink: StoreSink | undefined;
  #hasEpoch = false;
  #timer: unknown;
  /** The writes so far, one after the other. */
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async open(sink: StoreSink): Promise<void> {
    const file = await LineFile.open(this.#path);
    try {
      this.#image = await LogImage.read(file);
      if (this.#image.isEmpty) await this.#begin(file, sink.clock.base());
      else if (this.#image.isWasteful) await file.replace(this.#image.lines());
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#file = file;
    this.#sink = sink;
    sink.reset(this.#image.state());
    const rows = this.#image.rows();
    if (rows.length > 0) sink.add(rows);
  }

  append(sends: readonly (readonly PendingRow[])[]): Promise<readonly (readonly number[])[]> {
    return this.#inTurn(async () => {
      const [file, sink] = this.#there();
      const { last } = this.#image;
      const first = this.#hasEpoch ? last + 1 : Math.max(last + 1, sink.clock.base());
      const gap: Gap | undefined = first > last + 1 ? { after: last, before: first } : undefined;
      const at = Math.max(this.#image.at, sink.time());
      const line = { ...(gap && { gap }), first, at, sends };
      await file.append(line);
      const { ids, rows } = this.#image.commit(line);
      this.#hasEpoch = true;
      if (gap !== undefined) sink.beginEpoch(gap);
      sink.add(rows);
      return ids;
    });
  }

  async sync(): Promise<void> {} // no other process commits

  trim(trimmed: Trimmed): void {
    const [, { clock }] = this.#there();
    this.#trims.push(trimmed);
    this.#timer ??= clock.setTimeout(() => void this.#flush(), GATHER);
    (this.#timer as { unref?(): void }).unref?.(); // close() writes the trims as well
  }

  async close(): Promise<void> {
    const [file, sink] = this.#there();
    sink.clock.clearTimeout(this.#timer);
    try {
      await this.#inTurn(() => this.#writeTrims());
    } finally {
      await file.close();
    }
  }

  /** Writes the trims in the background. A failure is reported, and the next trim writes them again. */
  async #flush(): Promise<void> {
    this.#timer = undefined;
    try {
      await this.#inTurn(() => this.#writeTrims());
    } catch (error) {
      this.#sink?.error(error as Error); // a BusError, as the file rejects
    }
  }

  async #writeTrims(): Promise<void> {
    if (this.#trims.length === 0) return;
    const [file] = this.#there();
    const line = { trims: [...this.#trims] };
    await file.append(line);
    this.#image.trim(line);
    this.#trims.splice(0, line.trims.length);
  }

  async #begin(file: LineFile, begin: number): Promise<void> {
    const line = { nightbus: 1 as const, begin };
    await file.append(line);
    this.#image.begin(line);
  }

  /** Runs work after the writes before it, so that no two lines mix. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  #there(): readonly [LineFile, StoreSink] {
    if (this.#file === undefined || this.#sink === undefined) {
      throw new BusError("store", "the store is not open: await bus.ready() first", { refused: true });
    }
    return [this.#file, this.#sink];
  }
}
