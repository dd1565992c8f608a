import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeBrowser } from "../support/browser.ts";
import { blocksOf, root, useOf } from "../support/pages.ts";

// Inside the project, so that `nightbus` means this one, as it was built.
const folder = join(root, "test", `readme-page-${process.pid}`);

/** The servers of this file. */
const servers: ChildProcess[] = [];

describeBrowser("the README's server and page", (browser) => {
  const program = blockOf("README.md", "js");
  const page = blockOf("README.md", "html");
  let address: string;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "index.html"), page);
    address = await serve("server.js", program);
  });
  afterAll(stop);

  it("are twenty lines together", () => {
    const lines = `${program}${page}`.split("\n").filter((line) => line.trim() !== "");
    expect(lines.length).toBeLessThanOrEqual(20);
  });

  it("show everybody what one of them says", async () => {
    const [one, other] = await Promise.all([browser().newPage(), browser().newPage()]);
    for (const each of [one, other]) {
      const opened = each.waitForResponse(/\/longpolling\/events/);
      await each.goto(address);
      await opened;
    }
    await one.getByPlaceholder("Say something").fill("good evening");
    await one.keyboard.press("Enter");
    for (const each of [one, other]) await each.getByText("good evening").waitFor();
    await Promise.all([one.close(), other.close()]);
    expect(servers[0]?.exitCode).toBeNull();
  });
});

describeBrowser("the server and the page that better-sse has become", (browser) => {
  const name = "docs/migrating-from-better-sse.md";
  let address: string;

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    address = await serve("prices.js", blockOf(name, "ts")); // its types are inferred, so that it is JavaScript as well
  });
  afterAll(stop);

  it("show a price that is posted", async () => {
    const page = await browser().newPage();
    const html = `<!doctype html><body>${blockOf(name, "html")}`;
    await page.route(`${address}/`, (route) => route.fulfill({ contentType: "text/html", body: html }));
    const opened = page.waitForResponse(/\/bus\/events/);
    await page.goto(address);
    await opened;
    const headers = { "Content-Type": "application/json" };
    const posted = await fetch(`${address}/prices`, { method: "POST", headers, body: '{"eur":42}' });
    expect(posted.status).toBe(204);
    await page.getByText("42").waitFor();
    await page.close();
  });
});

/** Starts a server that listens on port 3000, on a free one, and resolves with its address. */
async function serve(file: string, program: string): Promise<string> {
  const told = "app.listen(0, function () { process.send(this.address().port); });";
  expect(program).toContain("app.listen(3000);");
  writeFileSync(join(folder, file), program.replace("app.listen(3000);", told));
  const server = spawn(process.execPath, [join(folder, file)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  servers.push(server);
  const [port] = await once(server, "message");
  return `http://localhost:${port}`;
}

function stop(): void {
  for (const server of servers.splice(0)) server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

/** The one block of this kind that is not the code before a migration. */
function blockOf(page: string, kind: string): string {
  const [block, ...others] = blocksOf(page).filter((each) => each.kind === kind && useOf(each) !== "before");
  expect(others).toEqual([]);
  return block!.text;
}
