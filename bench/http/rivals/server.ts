import { collectGarbage } from "../../harness.ts";
import type { Task } from "../fan-out.ts";
import { processorTimeOf, residentOf } from "./clocks.ts";
import { KINDS, type KindName } from "./kinds.ts";
import { messageOf, type Rival } from "./rival.ts";

// A process of one rival, or the parent of one that is no Node. First it says the port. Then it does each job, and
// answers with a number.

const [kind] = process.argv.slice(2) as [KindName]; // fan-out.ts starts it so
const rival: Rival = await KINDS[kind].start();
const { processes } = rival;
let id = 870_000_000_000_000;
let sent = 0;

process.on("message", async (task) => {
  const answer = await perform(task as Task); // nothing else is sent
  if (process.connected) process.send?.(answer);
});
for (const reason of ["disconnect", "SIGINT", "SIGTERM"]) process.once(reason, end);
process.on("exit", () => {
  for (const pid of processes ?? []) endAtOnce(pid); // some outlive the parent that this process has started
});
process.send?.(rival.port);

async function perform(task: Task): Promise<number> {
  if (task.do === "cpu") return processes === undefined ? ownTime() : processorTimeOf(processes);
  if (task.do === "resident") {
    if (processes === undefined) collectGarbage();
    return residentOf(processes ?? [process.pid]);
  }
  if (task.do === "parked") return (await rival.parked?.()) ?? 0;
  if (task.do === "last") return 0;
  if (task.do !== "send") throw new Error(`rivals are not asked for ${task.do}`);
  for (let n = 0; n < task.count; n += 1) {
    id += 1;
    await rival.send({ id, channel: "lobby", message: messageOf(sent) });
    sent += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return task.count;
}

async function end(): Promise<void> {
  await rival.close?.();
  process.exit();
}

function ownTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // The process has ended already.
  }
}
