import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { root } from "../support/language.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder in which npm has installed the packed package. */
    readonly installed: string;
  }
}

const run = promisify(execFile);

/** Packs the package and lets npm install it into a folder. The packages that it brings come from this checkout. */
export async function setup({ provide }: TestProject): Promise<() => void> {
  const place = mkdtempSync(join(tmpdir(), "nightbus-packaging-")); // projects lie here, too
  const folder = join(place, "installed");
  mkdirSync(folder);
  const brought = ["p-defer", "tiny-typed-emitter"].map((name) => join(root, "node_modules", name));
  await run("npm", ["pack", root, ...brought, "--ignore-scripts", "--pack-destination", folder]);
  const tarballs = readdirSync(folder).map((file) => `./${file}`);
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", ...tarballs], { cwd: folder });
  provide("installed", folder);
  return () => rmSync(place, { recursive: true, force: true });
}
