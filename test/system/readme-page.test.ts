import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeBrowser } from "../support/browser.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the project, so that `nightbus` means this one, as it was built.
const folder = join(root, "test", `readme-page-${process.pid}`);
const readme = readFileSync(join(root, "README.md"), "utf8");
const program = blockOf("js");
const page = blockOf("html");

describeBrowser("the README's server and page", (browser) => {
  let server: ChildProcess;
  let address: string;

  beforeAll(async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, "index.html"), page);
    const told = "app.listen(0, function () { process.send(this.address().port); });";
    writeFileSync(join(folder, "server.js"), program.replace("app.listen(3000);", told));
    server = spawn(process.execPath, [join(folder, "server.js")], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const [port] = await once(server, "message");
    address = `http://localhost:${port}`;
  });
  afterAll(() => {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

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
    expect(server.exitCode).toBeNull();
  });
});

/** The one block of this kind. */
function blockOf(kind: string): string {
  return new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``).exec(readme)![1]!;
}
