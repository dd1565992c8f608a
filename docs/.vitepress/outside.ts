// The pages and programs outside `docs/` that the site shows too. The configuration calls `writeCopies` before each build.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const docs = join(root, "docs");

/** The name of the folder in `docs/` that holds the copies. Git ignores it. */
const FOLDER = "project";

/** A page outside `docs/`, and the name of its copy. */
const COPIES: Readonly<Record<string, string>> = {
  "SECURITY.md": "security",
  "CHANGELOG.md": "changelog",
  "CONTRIBUTING.md": "contributing",
  "bench/results.md": "results",
};

/** The folders of examples, each of which becomes one page with all its programs. */
const EXAMPLES = readdirSync(join(root, "examples")).filter(
  (name) => name !== "node_modules" && statSync(join(root, "examples", name)).isDirectory(),
);

/** The endings of files that an example's page shows, and their languages. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ts: "ts",
  tsx: "tsx",
  jsx: "jsx",
  json: "json",
  js: "js",
  mjs: "js",
  html: "html",
  css: "css",
};

/** The copies in the order of a sidebar. */
export const PROJECT: readonly { readonly text: string; readonly link: string }[] = [
  { text: "Security", link: `/${FOLDER}/security` },
  { text: "All measurements", link: `/${FOLDER}/results` },
  { text: "Changelog", link: `/${FOLDER}/changelog` },
  { text: "Contributing", link: `/${FOLDER}/contributing` },
  ...EXAMPLES.map((name) => ({ text: `Example: ${name}`, link: `/${FOLDER}/example-${name}` })),
];

/** Writes the copies into `docs/project`, with links that lead to the site's pages. */
export function writeCopies(): void {
  rmSync(join(docs, FOLDER), { recursive: true, force: true });
  mkdirSync(join(docs, FOLDER));
  for (const [source, name] of Object.entries(COPIES)) {
    const text = relinked(source, readFileSync(join(root, source), "utf8"), `docs/${FOLDER}`);
    writeFileSync(join(docs, FOLDER, `${name}.md`), `---\neditLink: false\n---\n\n${text}`);
  }
  for (const name of EXAMPLES) writeFileSync(join(docs, FOLDER, `example-${name}.md`), exampleOf(name));
}

/**
 * Returns the address on the site of a link in a page at `page`, a path from the root of the repository. A link that leaves `docs/`
 * leads to the copy of its target. Throws if the target has no copy.
 */
export function onSite(page: string, href: string): string {
  if (/^(\w+:|#|\/)/.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const target = normalize(join(dirname(page), path)).replace(/\/$/, "");
  if (target.startsWith("docs/")) return href;
  const hash = anchor === undefined ? "" : `#${anchor}`;
  const copy = COPIES[target];
  if (copy !== undefined) return `/${FOLDER}/${copy}.md${hash}`;
  const [, name, file] = /^examples\/([^/]+)(?:\/(.+))?$/.exec(target) ?? [];
  if (name !== undefined && EXAMPLES.includes(name)) {
    return `/${FOLDER}/example-${name}.md${file === undefined || file === "README.md" ? "" : `#${slugOf(file)}`}`;
  }
  throw new Error(
    `${page} links to ${href}, which the site does not have: add ${target} to docs/.vitepress/outside.ts`,
  );
}

/** Returns a page of the repository with links for its copy in another folder. */
function relinked(page: string, text: string, folder: string): string {
  return text.replace(/(^```[\s\S]*?^```$)|(!?)\]\(([^)\s]+)\)/gm, (all, code?: string, _?: string, href?: string) => {
    if (code !== undefined || href === undefined || /^(\w+:|#|\/)/.test(href)) return all;
    const target = normalize(join(dirname(page), href));
    if (target.startsWith("docs/") || /\.(svg|png)$/.test(target)) return `](${relative(folder, target)})`;
    return `](${onSite(page, href)})`;
  });
}

/** Returns the page of an example: its README if there is one, then each of its programs. */
function exampleOf(name: string): string {
  const folder = `examples/${name}`;
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => !/(^|\/)(node_modules|\.next)\//.test(file) && languageOf(file) !== undefined)
    .sort();
  const readme = files.length > 0 && readdirSync(join(root, folder)).includes("README.md");
  const beginning = readme
    ? relinked(`${folder}/README.md`, readFileSync(join(root, folder, "README.md"), "utf8"), `docs/${FOLDER}`)
    : `# ${name}\n\nThe programs of \`${folder}\` in the repository.\n`;
  const programs = files.map((file) => {
    const text = readFileSync(join(root, folder, file), "utf8").trimEnd();
    return `## ${file} {#${slugOf(file)}}\n\n\`\`\`\`${languageOf(file)}\n${text}\n\`\`\`\`\n`;
  });
  return `---\neditLink: false\n---\n\n${beginning}\n${programs.join("\n")}`;
}

function languageOf(file: string): string | undefined {
  return LANGUAGES[file.split(".").at(-1)!];
}

function slugOf(file: string): string {
  return file.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
