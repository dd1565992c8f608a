import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds the modules and the types of the package, so that tests meet the present source also in a fresh checkout. */
export function setup(): void {
  const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const tsup = path("node_modules/tsup/dist/cli-default.js");
  execFileSync(process.execPath, [tsup, "--no-dts", "--no-clean", "--silent"], { stdio: "inherit" });
  execFileSync(process.execPath, ["--import", "tsx", path("build/declarations.ts")], { stdio: "inherit" });
}
