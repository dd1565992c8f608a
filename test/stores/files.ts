import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

/** A path for a database in a folder of its own, which goes after the test. */
export function temporaryFiles(): () => string {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "nightbus-"));
    folders.push(folder);
    return join(folder, "bus.db");
  };
}

/** Closes what a test has opened, the last first. */
export function closing(): <T extends { close(): unknown }>(closable: T) => T {
  const opened: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const closable of opened.splice(0).reverse()) await closable.close();
  });
  return (closable) => {
    opened.push(closable);
    return closable;
  };
}
