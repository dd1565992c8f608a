import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder in which no more than so many bytes find room. */
export interface Quota {
  readonly folder: string;
  /** Makes room for sixteen times as much. */
  raise(): void;
  remove(): void;
}

const BYTES = 400 * 1_024;

/** A disk of its own. */
export function disk(): Quota {
  const { folder, remove } = newFolder();
  mount("size", BYTES);
  return {
    folder,
    raise: () => mount("remount,size", BYTES * 16),
    remove() {
      execFileSync("umount", [folder]);
      remove();
    },
  };

  function mount(option: string, size: number): void {
    execFileSync("mount", ["-t", "tmpfs", "-o", `${option}=${size}`, "none", folder], { stdio: "pipe" });
  }
}

/** A folder on the machine's disk, and no file that this process writes may be larger. The quota needs no rights. */
export function fileSize(): Quota {
  const { folder, remove } = newFolder();
  const ignore = (): void => {};
  process.on("SIGXFSZ", ignore); // which would end the process
  limit(`${BYTES}`);
  return {
    folder,
    raise: () => limit("unlimited"),
    remove() {
      limit("unlimited");
      process.off("SIGXFSZ", ignore);
      remove();
    },
  };
}

/** True if this process may mount disks, which many containers forbid. */
export function canMount(): boolean {
  try {
    disk().remove();
    return true;
  } catch {
    return false;
  }
}

// The soft one, which anybody may raise again.
function limit(bytes: string): void {
  execFileSync("prlimit", ["--pid", `${process.pid}`, `--fsize=${bytes}:`]);
}

function newFolder(): Pick<Quota, "folder" | "remove"> {
  const parent = mkdtempSync(join(tmpdir(), "nightbus-quota-"));
  const folder = join(parent, "disk");
  mkdirSync(folder);
  return { folder, remove: () => rmSync(parent, { recursive: true }) };
}
