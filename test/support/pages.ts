import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ADDRESSES } from "./engines/addresses.ts";
import { ENGINES, type EngineName } from "./engines/engines.ts";
import { root } from "./language.ts";

export { root };

/** The pages whose programs tests run: the README and each page of `docs`. */
export const PAGES: readonly string[] = ["README.md", ...markdownIn("docs")];

/** A fenced block of code. */
export interface Block {
  readonly page: string;
  /** The line of the opening fence. */
  readonly line: number;
  /** The language of the fence, such as `ts`. */
  readonly kind: string;
  readonly text: string;
}

/** The use that tests make of a block. */
export type Use =
  | "program"
  | "engine program"
  | "named program"
  | "page"
  | "before"
  | "commands"
  | "output"
  | "picture"
  | "proxy"
  | "image";

/** Returns the blocks of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```(\S*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: kind, 2: body }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    kind: kind!,
    text: body!,
  }));
}

/**
 * Returns the use of a block, undefined if no test knows it. A program that begins with `// before: …` shows the code of
 * another package that a page migrates from. A program that begins with a file's name belongs to a test of its own.
 */
export function useOf({ page, kind, text }: Block): Use | undefined {
  switch (kind) {
    case "ts":
    case "js":
      if (/^\/\/ before: \w/.test(text)) return "before";
      if (/^\/\/ [\w./+[\]-]+\.[cm]?[jt]s\n/.test(text)) return "named program";
      if (kind === "js" && page === "README.md") return "page";
      return enginesOf(text).length > 0 ? "engine program" : "program";
    case "html":
      return "page";
    case "sh":
      return "commands";
    case "text":
      return /[▲▼]/.test(text) ? "picture" : "output";
    case "json":
      return "output";
    case "nginx":
    case "haproxy":
    case "caddyfile":
      return "proxy";
    case "dockerfile":
      return "image";
    default:
      return undefined;
  }
}

/** Returns the name of the file with which a named program begins. */
export function fileOf(text: string): string {
  return /^\/\/ (\S+)/.exec(text)?.[1] ?? "";
}

/** Returns the blocks of all pages with this use. */
export function blocksFor(use: Use): readonly Block[] {
  return PAGES.flatMap(blocksOf).filter((block) => useOf(block) === use);
}

/** Returns the engines that a program needs: it names the variable of each. */
export function enginesOf(text: string): readonly EngineName[] {
  return (Object.keys(ENGINES) as EngineName[]).filter((name) => text.includes(ADDRESSES[name][0]));
}

function markdownIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `${folder}/${name}`);
}
