import { fileURLToPath } from "node:url";

/** A runtime that the package is tested on. */
export interface Runtime {
  /** The name, as the README's table has it. */
  readonly name: string;
  readonly program: string;
  /** The arguments with which the runtime runs a program itself, and lends it to no other. */
  readonly args: readonly string[];
}

const installed = (path: string): string => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));

/** Every runtime, from npm packages of its own makers or of nodejs.org's builds. */
export const RUNTIMES: readonly Runtime[] = [
  ...["22", "24", "26"].map((major) => ({
    name: `Node ${major}`,
    program: installed(`node-${major}/bin/node`),
    args: [],
  })),
  { name: "Bun", program: installed("@oven/bun-linux-x64/bin/bun"), args: ["--bun"] },
  { name: "Deno", program: installed("@deno/linux-x64-glibc/deno"), args: ["run", "--allow-all"] },
];

/** The runtimes on which the store is tested over their own SQLite: the oldest Node that has one, and the newest of each. */
export const WITH_SQLITE: readonly (Runtime & { readonly driver: string })[] = [
  { name: "Node 22.13", program: installed("node-22.13/bin/node"), args: [], driver: "node:sqlite" },
  ...RUNTIMES.slice(2).map((runtime) => ({
    ...runtime,
    driver: runtime.name === "Bun" ? "bun:sqlite" : "node:sqlite",
  })),
];

/** The name of the runtime that runs this module. */
export function runtimeHere(): string {
  const { bun, deno, node } = process.versions as Readonly<Record<string, string | undefined>>;
  if (bun !== undefined) return "Bun";
  return deno === undefined ? `Node ${node!.split(".")[0]}` : "Deno";
}
