import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { BusError } from "nightbus";
import { FileLock } from "./file-lock.ts";

/**
 * A file of JSON lines that one process holds. A line counts once its line break is there. Opening cuts off a torn last line,
 * which a crash in the middle of a write has left.
 */
export class LineFile {
  readonly path: string;
  readonly #lock: FileLock;
  #handle: FileHandle;
  /** The end of the last whole line. */
  #size = 0;
  /** The failure after which nobody knows what the file holds. */
  #broken: unknown;

  private constructor(path: string, lock: FileLock, handle: FileHandle) {
    this.path = path;
    this.#lock = lock;
    this.#handle = handle;
  }

  /** Opens the file, or makes it. Rejects with `store`, also while another process has it open. */
  static async open(path: string): Promise<LineFile> {
    const lock = FileLock.take(path);
    try {
      const file = new LineFile(path, lock, await open(path, "a+"));
      await syncFolder(path);
      return file;
    } catch (cause) {
      lock.release();
      throw failure(`${JSON.stringify(path)} could not be opened`, cause, true);
    }
  }

  /** The whole lines. A torn last line is cut off. */
  async read(): Promise<readonly string[]> {
    try {
      const bytes = await this.#handle.readFile();
      this.#size = bytes.lastIndexOf("\n") + 1;
      if (this.#size < bytes.length) await this.#cut();
      return bytes.subarray(0, this.#size).toString().split("\n").slice(0, -1);
    } catch (cause) {
      throw failure(`${JSON.stringify(this.path)} could not be read`, cause, true);
    }
  }

  /** Writes a line and waits for the disk. Rejects with `store`, and leaves the file without the line if it can. */
  async append(line: object): Promise<void> {
    if (this.#broken !== undefined) throw this.#isBroken();
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      await this.#handle.appendFile(bytes);
    } catch (cause) {
      await this.#cut().catch(() => {
        this.#broken = cause;
      });
      throw failure("a line could not be written", cause, this.#broken === undefined);
    }
    try {
      await this.#handle.datasync();
    } catch (cause) {
      this.#broken = cause; // the disk may have the line, or lose it later
      throw failure("the disk did not take a line", cause, false);
    }
    this.#size += bytes.length;
  }

  /** Puts these lines in place of all others. A crash leaves the old file or the new one. */
  async replace(lines: readonly object[]): Promise<void> {
    const path = `${this.path}.new`;
    try {
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
      await rm(path, { force: true });
      const handle = await open(path, "ax+");
      await handle.appendFile(text);
      await handle.datasync();
      await rename(path, this.path);
      await syncFolder(this.path);
      await this.#handle.close();
      this.#handle = handle;
      this.#size = Buffer.byteLength(text);
    } catch (cause) {
      throw failure(`${JSON.stringify(this.path)} could not be written anew`, cause, true);
    }
  }

  async close(): Promise<void> {
    await this.#handle.close().finally(() => this.#lock.release());
  }

  async #cut(): Promise<void> {
    await this.#handle.truncate(this.#size);
    await this.#handle.datasync();
  }

  #isBroken(): BusError {
    const sentence = `a write to ${JSON.stringify(this.path)} failed before: mend the disk, and open a new bus`;
    return new BusError("store", sentence, { cause: this.#broken, refused: true, unavailable: true });
  }
}

/** Makes the name of a new file durable. Windows has no handle on a folder, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), "r");
  await folder.sync().finally(() => folder.close());
}

function failure(sentence: string, cause: unknown, refused: boolean): BusError {
  if (cause instanceof BusError) return cause;
  return new BusError("store", `${sentence}: ${(cause as Error).message}`, { cause, refused });
}
