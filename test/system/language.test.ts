import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { commentsOf, offences, type Prose, proseOf, root, tracked, undocumented } from "../support/language.ts";

const programs = tracked(".ts", ".tsx", ".js", ".mjs").filter((file) => !file.includes("/node_modules/"));

describe("the language of the house", () => {
  it("holds in every comment", () => {
    expect(programs.flatMap((file) => commentsOf(file)).flatMap(broken)).toEqual([]);
  });

  it("holds in every page", () => {
    expect(
      tracked(".md")
        .flatMap((file) => proseOf(file))
        .flatMap(broken),
    ).toEqual([]);
  });

  it("has a docstring for every exported name", () => {
    expect(programs.filter((file) => file.startsWith("src/")).flatMap(undocumented)).toEqual([]);
  });

  it("finds a long sentence, and one that begins with a word of no subject", () => {
    expect(offences("What is told of rows. The log keeps rows.")).toEqual([
      'begins with "What": What is told of rows.',
    ]);
    expect(offences(`The log ${"keeps rows and ".repeat(9)}ends.`)).toHaveLength(1);
    expect(offences("The log keeps `any. Where` rows, e.g. Ann's. Readers wait.")).toEqual([]);
    expect(
      commentsOf("a.ts", "// one\n// and two\nconst a = '// none'; // three\n/** four */\n").map(({ text }) => text),
    ).toEqual(["one\nand two", "three", "four"]);
  });
});

function broken({ file, line, text }: Prose): readonly string[] {
  return offences(text).map((offence) => `${file}:${line} ${offence}`);
}

/** Commits since the one that added this check, newest first, without merges. Empty if the checkout has no history. */
const commits = history();

describe("the commits since this check", () => {
  it("have a subject of their kind, imperative and of at most 72 letters", () => {
    const kinds = /^(feat|fix|refactor|perf|test|docs|build|ci|chore|style|revert)(\([a-z0-9-]+\))?!?: [a-z0-9]/;
    const told = /: \w+(ed|ing) /; // "added", "adding"
    const words = /: (embed|feed|need|seed|shed|speed|bring|ping|ring|string) /;
    const wrong = commits.filter(({ subject }) => {
      const isTold = told.test(subject) && !words.test(subject);
      return !kinds.test(subject) || subject.length > 72 || subject.endsWith(".") || isTold;
    });
    expect(wrong.map(({ subject }) => subject)).toEqual([]);
  });

  it("keep the rules of language in their bodies", () => {
    const wrong = commits.flatMap(({ subject, body }) => offences(body).map((offence) => `${subject}: ${offence}`));
    expect(wrong).toEqual([]);
  });
});

function history(): readonly { readonly subject: string; readonly body: string }[] {
  const git = (...args: readonly string[]): string =>
    String(execFileSync("git", args, { cwd: root, maxBuffer: 2 ** 26 }));
  const added = git("log", "--diff-filter=A", "--format=%H", "--", "test/system/language.test.ts")
    .trim()
    .split("\n")
    .at(-1);
  if (added === undefined || added === "") return [];
  return git("log", "--no-merges", "--format=%s%x01%b%x02", `${added}..HEAD`)
    .split("\x02")
    .map((commit) => commit.trim())
    .filter(Boolean)
    .map((commit) => {
      const [subject = "", body = ""] = commit.split("\x01");
      return { subject, body: body.replace(/^[A-Z][\w-]+: .*$/gm, "") }; // trailers
    });
}
