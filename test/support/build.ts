import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds the modules that pages import, as `npm start` does, so that what is tested in a browser is what there is. */
export function setup(): void {
  const tsup = fileURLToPath(new URL("../../node_modules/tsup/dist/cli-default.js", import.meta.url));
  execFileSync(process.execPath, [tsup, "--no-dts", "--no-clean", "--silent"], { stdio: "inherit" });
}
