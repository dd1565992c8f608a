import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./language.ts";

/** Puts the built package beside the other dependencies of a folder, as an install by npm does. */
export function installNightbus(folder: string): void {
  const modules = join(root, folder, "node_modules");
  if (!existsSync(modules)) return;
  rmSync(join(modules, "nightbus"), { recursive: true, force: true });
  for (const name of ["dist", "package.json"])
    cpSync(join(root, name), join(modules, "nightbus", name), { recursive: true });
}
