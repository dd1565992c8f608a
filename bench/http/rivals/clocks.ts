import { readdirSync, readFileSync } from "node:fs";

/** The length of the kernel's tick in `stat`, in ms. Linux tells programs 100 ticks a second on every machine. */
const TICK = 10;

/** Returns the process of a program that this process started, and then all processes below. Linux only. */
export function processesOf(program: string): readonly number[] {
  const all = readdirSync("/proc").flatMap((name) => {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    return stat === undefined ? [] : [{ pid: Number(name), program: stat.program, parent: Number(stat.fields[1]) }];
  });
  const found: number[] = [];
  let level = all.filter((each) => each.program === program && each.parent === process.pid);
  while (level.length > 0) {
    const above = level.map(({ pid }) => pid);
    found.push(...above);
    level = all.filter(({ parent }) => above.includes(parent));
  }
  return found;
}

/** Returns the processor time that processes have used, their threads and system calls included, in ms. */
export function processorTimeOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = statOf(pid);
    if (stat === undefined) throw new Error(`process ${pid} has ended`);
    return Number(stat.fields[11]) + Number(stat.fields[12]);
  });
  return TICK * sum(ticks);
}

/** Returns the resident memory of processes, in bytes. */
export function residentOf(pids: readonly number[]): number {
  const kib = pids.map((pid) => {
    const [, resident] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(resident);
  });
  return 1_024 * sum(kib);
}

interface Stat {
  readonly program: string;
  /** The fields after the program, from the state on. */
  readonly fields: readonly string[];
}

/** Returns the parts of `stat`; undefined if the process has ended. */
function statOf(pid: number): Stat | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")"); // a name may have blanks and brackets
    return { program: stat.slice(stat.indexOf("(") + 1, end), fields: stat.slice(end + 2).split(" ") };
  } catch {
    return undefined;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
