import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The most words of one sentence. */
const MOST_WORDS = 25;

/** Words that begin no sentence: the subject of a sentence is a thing, and the reader meets it first. */
const OPENERS = /^(what|who|whoever|those|where|whether|when|how|it)\b/i;

/** Tools read these comments. */
const DIRECTIVE = /^(biome-ignore|@ts-|@vitest|@vite-|v8 ignore|cspell|<reference|#|!)/;

/** One run of prose in a file. */
export interface Prose {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Returns the files under version control whose names end so. */
export function tracked(...endings: readonly string[]): readonly string[] {
  const listed = execFileSync("git", ["ls-files", ...endings.map((ending) => `*${ending}`)], { cwd: root });
  return String(listed).split("\n").filter(Boolean);
}

/** Returns the comments of a TypeScript or JavaScript file. Line comments that follow each other are one. */
export function commentsOf(file: string, text: string = readFileSync(`${root}/${file}`, "utf8")): readonly Prose[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const ranges = new Map<number, ts.CommentRange>();
  const marks = [...text.matchAll(/\/[/*]/g)].map(({ index }) => index);
  // Most nodes are near no comment, and to ask TypeScript for the tokens of all would take ten times as long.
  const mayHave = (node: ts.Node): boolean => {
    const line = text.indexOf("\n", node.getEnd());
    const end = line < 0 ? text.length : line; // a comment may follow
    return marks.some((at) => at >= node.getFullStart() && at < end);
  };
  const visit = (node: ts.Node): void => {
    if (!mayHave(node)) return;
    const found = [
      ...(ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []),
      ...(ts.getTrailingCommentRanges(text, node.getEnd()) ?? []),
    ];
    if (node.kind !== ts.SyntaxKind.JsxText) for (const range of found) ranges.set(range.pos, range);
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  const lineAt = (at: number): number => source.getLineAndCharacterOfPosition(at).line + 1;
  const joined: { prose: Prose; end: number; isLine: boolean }[] = [];
  for (const { pos, end, kind } of [...ranges.values()].sort((one, other) => one.pos - other.pos)) {
    const isLine = kind === ts.SyntaxKind.SingleLineCommentTrivia;
    const line = lineAt(pos);
    const body = bare(text.slice(pos, end));
    const before = joined.at(-1);
    if (isLine && before?.isLine && lineAt(before.end) === line - 1 && isAlone(text, pos)) {
      joined[joined.length - 1] = { prose: { ...before.prose, text: `${before.prose.text}\n${body}` }, end, isLine };
    } else joined.push({ prose: { file, line, text: body }, end, isLine });
  }
  return joined.map(({ prose }) => prose).filter(({ text: body }) => !DIRECTIVE.test(body));
}

/** Returns the prose of a Markdown page, without code, headings and comments. Each cell of a table is prose of its own. */
export function proseOf(file: string, text: string = readFileSync(`${root}/${file}`, "utf8")): readonly Prose[] {
  const blank = (code: string): string => code.replace(/[^\n]/g, "");
  const prose = text
    .replace(/^---\n[\s\S]*?\n---\n/, blank)
    .replace(/^ *(```|~~~)[^\n]*\n[\s\S]*?^ *\1 *$/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/^ *(#|!\[|<|:::).*$/gm, "");
  const cells = prose.split("\n").flatMap((line, at) => {
    if (!/^ *\|/.test(line)) return [];
    return line.split(/(?<!\\)\|/).map((cell) => ({ file, line: at + 1, text: cell.trim() }));
  });
  const paragraphs = paragraphsOf(file, prose.replace(/^ *\|.*$/gm, ""));
  return [...paragraphs, ...cells];
}

function paragraphsOf(file: string, prose: string): readonly Prose[] {
  return prose.split("\n").flatMap((line, at, lines) => {
    const begins = line.trim() !== "" && (isItem(line) || (lines[at - 1] ?? "").trim() === "");
    if (!begins) return [];
    let end = at + 1;
    while (end < lines.length && lines[end]!.trim() !== "" && !isItem(lines[end]!)) end += 1;
    return [{ file, line: at + 1, text: lines.slice(at, end).join("\n") }];
  });
}

/** Returns the sentences of a text that break a mechanical rule of the house's language, each with the reason. */
export function offences(text: string): readonly string[] {
  return sentences(text).flatMap((sentence) => {
    const words = sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
    const isQuestion = sentence.endsWith("?");
    const opener = isQuestion ? undefined : OPENERS.exec(sentence.replace(/^[^\p{L}]+/u, ""))?.[0];
    return [
      ...(words > MOST_WORDS ? [`${words} words: ${sentence}`] : []),
      ...(opener === undefined ? [] : [`begins with "${opener}": ${sentence}`]),
    ];
  });
}

/** Returns the exported names of a file that have no docstring. */
export function undocumented(file: string): readonly string[] {
  const parsed = ts.createSourceFile(file, readFileSync(`${root}/${file}`, "utf8"), ts.ScriptTarget.Latest, true);
  return parsed.statements.flatMap((statement) => {
    if (!ts.canHaveModifiers(statement) || ts.isExportDeclaration(statement)) return [];
    const isExported = ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported || ts.getJSDocCommentsAndTags(statement).length > 0) return [];
    return [`${file}: ${statement.getText(parsed).split("\n")[0]}`];
  });
}

function sentences(text: string): readonly string[] {
  return text
    .split(/\n\s*\n|\n\s*(?=[-*] |\d+\. )/)
    .flatMap((paragraph) =>
      paragraph
        .replace(/\s+/g, " ")
        .replace(/`[^`]*`/g, (code) => `\`${code.slice(1, -1).replace(/[\s.!?]+/g, "_")}\``)
        .replace(/\]\([^)]*\)/g, "]")
        .replace(/\b(e\.g|i\.e|vs|etc)\./g, "$1")
        .split(/(?<=[.!?][)"”*_]*)\s+(?=[\p{Lu}`"“([*_\d])/u),
    )
    .map((sentence) => sentence.replace(/^([-*>]|\d+\.)\s+/, "").trim())
    .filter(Boolean);
}

function bare(comment: string): string {
  return comment
    .replace(/^\/\*+|\*+\/$/g, "")
    .replace(/^[ \t]*(\*|\/\/+)[ \t]?/gm, "")
    .replace(/^\/\/+\s?/, "")
    .replace(/^@\w+( \{[^}]*\})?/gm, "")
    .trim();
}

function isAlone(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf("\n", at - 1) + 1, at).trim() === "";
}

function isItem(line: string): boolean {
  return /^\s*([-*]|\d+\.)\s/.test(line);
}

/** Prints the offences in the files whose paths begin with an argument: `tsx test/support/language.ts src/log`. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = (file: string): boolean => process.argv.slice(2).some((start) => file.startsWith(start));
  const programs = tracked(".ts", ".mjs", ".js", ".tsx").filter(wanted);
  const prose = [
    ...programs.flatMap((file) => commentsOf(file)),
    ...tracked(".md")
      .filter(wanted)
      .flatMap((file) => proseOf(file)),
  ];
  for (const { file, line, text } of prose)
    for (const offence of offences(text)) console.log(`${file}:${line} ${offence}`);
  for (const name of programs.filter((file) => file.startsWith("src/")).flatMap(undocumented)) console.log(name);
}
