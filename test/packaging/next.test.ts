import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { Application, folderOf, hasPrograms, manifestOf } from "../system/examples/hosts.ts";
import { exchange } from "./exchange.ts";

const WHY = hasPrograms ? "" : " (skipped: they need `npm ci --prefix examples`)";
const NAME = "next-webpack";

// Turbopack makes the example itself, which the tests of the examples ask.
describe.skipIf(!hasPrograms)(`Next.js with webpack${WHY}`, () => {
  const application = new Application(NAME);

  afterAll(async () => {
    if (application.address !== "") await application.stop("SIGKILL");
    rmSync(folderOf(NAME), { recursive: true, force: true });
  });

  it("bundles the example, which polls, sends and streams", { timeout: 240_000 }, async () => {
    const isSource = (path: string): boolean => !path.includes("/.next");
    cpSync(folderOf("next"), folderOf(NAME), { recursive: true, filter: isSource });
    const manifest = manifestOf("next");
    const scripts = { ...manifest.scripts, build: "next build --webpack" };
    writeFileSync(join(folderOf(NAME), "package.json"), JSON.stringify({ ...manifest, scripts }));
    await application.build();
    await application.start();
    await exchange(`${application.address}/longpolling`);
  });
});
