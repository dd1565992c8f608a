/** The number of lines that may not stand twice. */
const RUN = 12;

const KEYWORDS = new Set(
  `as async await break case catch class const continue else export extends false finally for function get if implements in
  instanceof interface keyof let new null of private readonly return set static super switch this throw true try type typeof
  undefined void while yield`.split(/\s+/),
);

/** A source file and its text. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/**
 * Returns the places at which runs of twelve lines of code stand twice, the same or with other names, each as "a.ts:1 ~ b.ts:9".
 * Comments, imports and lone brackets are no code. Lines of one list that repeat themselves count once.
 */
export function repeats(sources: readonly Source[]): readonly string[] {
  const seen = new Map<string, { readonly file: string; readonly at: number; readonly line: number }>();
  return sources.flatMap(({ file, text }) => {
    const code = codeOf(text);
    return code.flatMap((_, at) => {
      if (at + RUN > code.length) return [];
      const shape = code.slice(at, at + RUN).map((line) => line.shape);
      const known = seen.get(shape.join("\n"));
      const { line } = code[at]!;
      if (known === undefined) seen.set(shape.join("\n"), { file, at, line });
      if (known === undefined || (known.file === file && at - known.at < RUN)) return [];
      return [`${known.file}:${known.line} ~ ${file}:${line}`];
    });
  });
}

function codeOf(text: string): readonly { readonly line: number; readonly shape: string }[] {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""));
  return bare.split("\n").flatMap((line, index) => {
    const code = line.replace(/(^|\s)\/\/ .*$/, "").trim();
    return code === "" || /^(import|export (type )?\{|\} from|[)}\];,]+$|(type )?\w+,$)/.test(code)
      ? []
      : [{ line: index + 1, shape: shapeOf(code) }];
  });
}

function shapeOf(code: string): string {
  return code
    .replace(/"[^"]*"|`[^`]*`/g, "s")
    .replace(/\b\d[\d_]*\b/g, "0")
    .replace(/#?\b[A-Za-z_]\w*\b/g, (word) => (KEYWORDS.has(word) ? word : "x"));
}
