import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { pagePrograms } from "../support/page-programs.ts";
import { type Block, blocksFor, blocksOf, PAGES, root, useOf } from "../support/pages.ts";

const programs = pagePrograms();

/** The pages that other tests run named programs of. */
const NAMED: Readonly<Record<string, string>> = {
  "docs/packaging.md": "test/packaging",
  "docs/transactions.md": "test/runtimes/suites/drivers.test.ts",
  "docs/deployment.md": "docs-deployment.test.ts",
  "docs/frameworks.md": "docs-frameworks.test.ts",
  "docs/websocket.md": "test/runtimes/suites/websocket.test.ts",
};

/** The pages that have a server, and a page that a browser opens on it, in readme-page.test.ts. */
const OPENED = ["README.md", "docs/migrating-from-better-sse.md"];

describe("the pages", () => {
  it("have no block of code that no test knows", () => {
    const unknown = PAGES.flatMap(blocksOf).filter((block) => {
      const use = useOf(block);
      if (use === "named program") return NAMED[block.page] === undefined;
      if (use === "page") return !OPENED.includes(block.page);
      if (use === "before") return !block.page.includes("/migrating-from-");
      if (use === "output") return !blocksOf(block.page).some(({ text }) => text.startsWith("curl"));
      if (use === "proxy" || use === "image") return block.page !== "docs/deployment.md";
      return use === undefined;
    });
    expect(unknown.map(placeOf)).toEqual([]);
  });

  it("show little of the code that they migrate from, and all of it parses", () => {
    const before = blocksFor("before");
    for (const { text } of before) {
      const { diagnostics } = ts.transpileModule(text, {
        reportDiagnostics: true,
        compilerOptions: { allowJs: true, module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      expect(diagnostics?.map(({ messageText }) => messageText)).toEqual([]);
    }
    expect(before.length).toBeLessThanOrEqual(5);
  });

  it("name files and folders of the source that there are", () => {
    const path = /(?:src\/)?\b(?:core|http|log|waiters|stores|client|util|testing)\/[\w/.-]*\w/g;
    const lost = PAGES.filter((page) => /architecture|write-a-|glossary/.test(page)).flatMap((page) => {
      const text = readFileSync(join(root, page), "utf8").replace(/`(?:test|bench|docs|examples)\/[^`]*`/g, "");
      const named = [...text.matchAll(path)].map(([name]) => name.replace(/^src\//, ""));
      return named.filter((name) => !["", ".ts"].some((end) => existsSync(join(root, "src", name + end))));
    });
    expect(lost).toEqual([]);
  });
});

describe("the programs of the pages", () => {
  const whole = [...blocksFor("program"), ...blocksFor("engine program")];

  it("compile under the project's own strict flags", { timeout: 90_000 }, () => {
    expect(programs.complaints(whole.filter(({ kind }) => kind === "ts"))).toEqual([]);
  });

  describe.concurrent("run, and print what they say", () => {
    it.for(blocksFor("program").map((block) => [placeOf(block), block] as const))("%s", ([, block]) =>
      programs.run(block),
    );
  });
});

describe("the links of the pages", () => {
  const linking = [...PAGES, "SECURITY.md", "CHANGELOG.md"];
  const links = linking.flatMap((page) => linksOf(page).map((target) => ({ page, target })));

  it("lead to files that there are", () => {
    const lost = links.filter(({ page, target }) => {
      const file = fileOf(page, target);
      return !existsSync(join(root, file));
    });
    expect(lost).toEqual([]);
  });

  it("lead to headings that there are, by the rules of GitHub and of VitePress", () => {
    const lost = links.filter(({ page, target }) => {
      const anchor = target.split("#")[1];
      const file = fileOf(page, target);
      if (anchor === undefined || !existsSync(join(root, file))) return false;
      return !headingsOf(file).some((heading) => slugOnGitHub(heading) === anchor && slugOnSite(heading) === anchor);
    });
    expect(lost).toEqual([]);
  });

  it("reach each page from the README and from the index", () => {
    const pages = PAGES.filter((page) => page !== "README.md" && page !== "docs/index.md");
    for (const start of ["README.md", "docs/index.md"]) {
      const reached = linksOf(start).map((target) => fileOf(start, target));
      expect(pages.filter((page) => !reached.includes(page))).toEqual([]);
    }
  });
});

function placeOf({ page, line, text }: Block): string {
  return `${page}:${line} ${text.split("\n").find((each) => each.trim() !== "" && !each.startsWith("import"))}`;
}

/** Returns the relative links and images of a page, code left out. */
function linksOf(page: string): readonly string[] {
  const prose = readFileSync(join(root, page), "utf8")
    .replace(/^```[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!).filter((target) => !/^\w+:/.test(target));
}

function fileOf(page: string, target: string): string {
  const path = target.split("#")[0]!;
  return path === "" ? page : normalize(join(dirname(page), path));
}

function headingsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
}

function slugOnGitHub(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** VitePress puts a hyphen in the place of each run of spaces and punctuation. */
function slugOnSite(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[\s~`!@#$%^&*()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, "-")
    .replace(/^-|-$/g, "")
    .replace(/^(\d)/, "_$1");
}
