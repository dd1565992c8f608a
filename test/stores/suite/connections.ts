import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Bus, type Store } from "nightbus";
import { it } from "vitest";
import { failsWith } from "../../../src/testing/conformance/bus/topic.ts";

/** A log for one test. */
export interface ConnectionPlace {
  /** Makes a store on the log. */
  store(): Store;
  /** The programs that make such a store: the end of the test's name, lines before, and the expression. */
  readonly programs: readonly Program[];
}

/** Lines of a program that uses a store. */
export interface Program {
  readonly first?: string;
  readonly store: string;
}

/** An engine, and its ways to connect. */
export interface ConnectionsOf {
  /** The name of the function that makes a store, and of its file. */
  readonly door: string;
  place(): ConnectionPlace;
}

/** Tests the promises of every engine on its connections: one bus for each store, and a process that may end. */
export function testConnections({ door, place }: ConnectionsOf): void {
  it("serves one bus with each store", async () => {
    const store = place().store();
    await using one = new Bus({ store });
    await one.ready();
    await using other = new Bus({ store });
    await failsWith("store", () => other.ready(), "serves another bus");
  });

  it("lets a process end that has nothing else to do, and one that waits for an answer wait", async () => {
    for (const { first = "", store } of place().programs) {
      const said = await run(
        door,
        `${first}
        const bus = new Bus({ store: ${store} });
        await bus.ready();
        const id = await bus.sendone("a", 1);
        const batch = await bus.poll(["a"], id + 5, 0); // beyond: it reads what others may have committed
        console.log(batch.missed);
        setTimeout(() => { console.log("it has stayed"); process.exit(); }, 10_000).unref();`,
      );
      assert.equal(said, "true", store);
      const closed = await run(
        door,
        `${first}
        const bus = new Bus({ store: ${store} });
        await bus.sendone("a", 1);
        await bus.close();
        console.log("closed");`,
      );
      assert.equal(closed, "closed", store);
    }
  });
}

/** Returns the output of a process that runs these lines. */
async function run(door: string, body: string): Promise<string> {
  const url = (path: string): string => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
  const script = `const { Bus } = await import(${url("index.ts")}); const { ${door} } = await import(${url(`stores/${door}.ts`)}); ${body}`;
  const args = ["--import", "tsx", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
  return stdout.trim();
}
