import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installNightbus } from "./install.ts";

/** Builds the modules and the types of the package, so that tests meet the present source also in a fresh checkout. The examples find the package, too. */
export function setup(): void {
  const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const tsup = path("node_modules/tsup/dist/cli-default.js");
  execFileSync(process.execPath, [tsup, "--no-dts", "--no-clean", "--silent"], { stdio: "inherit" });
  execFileSync(process.execPath, ["--import", "tsx", path("build/declarations.ts")], { stdio: "inherit" });
  for (const folder of ["examples", "test/frameworks"]) installNightbus(folder);
}
