import { describe, expect, it } from "vitest";
import { modules } from "../../build/entries.ts";
import { hasTools, PROGRAMS, Project, toolFile } from "./project.ts";

const SUBPATHS = modules().map((subpath) => `nightbus${subpath.slice(1)}`);
const WHY = hasTools ? "" : " (skipped: they need `npm ci --prefix test/packaging`)";
const PLAIN = ["es2022"];
const PAGE = ["es2022", "dom"];
const BUNDLER: Mode = { name: "bundler", type: "module", options: { module: "esnext", moduleResolution: "bundler" } };
const NODE10: Mode = { name: "node10", type: "commonjs", options: { module: "commonjs", moduleResolution: "node10" } };

/** The ways of Node to resolve a package. Each has another kind of project. */
const NODE: readonly Mode[] = [
  { name: "nodenext", type: "module", options: { module: "nodenext" } },
  { name: "nodenext from CommonJS", type: "commonjs", options: { module: "nodenext" } },
  { name: "node16 from CommonJS", type: "commonjs", options: { module: "node16" } },
];

/** The compilers, with the modes and libraries of each. TypeScript 7 is fast and has no node10. */
const COMPILERS: readonly (readonly [name: string, folder: string, modes: readonly (readonly [Mode, string[]])[]])[] = [
  ["TypeScript 5.9", "typescript", [...NODE.map(without), [BUNDLER, PAGE], [NODE10, PLAIN]]],
  ["TypeScript 6", "typescript6", [[{ ...NODE10, options: { ...NODE10.options, ignoreDeprecations: "6.0" } }, PLAIN]]],
  [
    "TypeScript 7",
    "typescript7",
    [...NODE, BUNDLER].flatMap((mode) => [[mode, PLAIN] as const, [mode, PAGE] as const]),
  ],
];

interface Mode {
  readonly name: string;
  readonly type: "module" | "commonjs";
  readonly options: object;
}

/** Uses every subpath, and values and types of both kinds of export. */
const EVERYTHING = `
${SUBPATHS.map((subpath, index) => `import * as all${index} from "${subpath}";`).join("\n")}
import { Bus, type Notification } from "nightbus";
import { fakeBus, type FakeBus } from "nightbus/testing";
interface Chat { lobby: { text: string } }
class Own extends Bus<Chat> {}
const fake: FakeBus<Chat> = fakeBus<Chat>();
export const buses: readonly Bus<Chat>[] = [new Own(), fake];
export const textOf = ({ message }: Notification<Chat, "lobby">): string => message.text;
// @ts-expect-error the lobby takes texts
fake.sendone("lobby", { text: 1 });
export const count: number = [${SUBPATHS.map((_, index) => `all${index}`).join(", ")}].length;
`;

describe.skipIf(!hasTools)(`types of the packed package, with no driver's types${WHY}`, () => {
  describe.each(COMPILERS)("%s", (_, compiler, modes) => {
    const cases = modes.map(([mode, lib]) => [mode.name, lib.join(), mode, lib] as const);

    it.each(cases)(
      "compiles every subpath in the mode %s with the library %s, to a program that runs",
      async (...one) => {
        const [, , { type, options }, lib] = one;
        const project = new Project(type, ["@types/node"]);
        const flags = { target: "es2022", strict: true, skipLibCheck: false, types: ["node"] };
        project.write({
          "tsconfig.json": JSON.stringify({
            compilerOptions: { ...options, ...flags, lib, rootDir: ".", outDir: "out" },
          }),
          "everything.ts": EVERYTHING,
          "server.ts": PROGRAMS.get("server.ts")!,
        });
        expect(await project.node([compilerOf(compiler)])).toBe("");
        expect(await project.node(["--disable-warning=ExperimentalWarning", "out/server.js"])).toBe("true\n");
      },
    );
  });

  it("are the same for both kinds of files in one project", async () => {
    const project = new Project("module", ["@types/node"]);
    project.write({
      "required.cts": `
        import { Bus, BusError } from "nightbus";
        export const make = (): Bus<{ lobby: string }> => new Bus<{ lobby: string }>();
        export const isOurs = (error: unknown): error is BusError => error instanceof BusError;`,
      "imported.mts": `
        import type { Bus, BusError } from "nightbus";
        import { mount } from "nightbus/node";
        import { isOurs, make } from "./required.cjs";
        const bus: Bus<{ lobby: string }> = make();
        mount(make());
        export const codeOf = (error: unknown): BusError["code"] | undefined => (isOurs(error) ? error.code : undefined);
        await bus.close();`,
    });
    const options = ["--module", "nodenext", "--target", "es2022", "--strict", "--types", "node", "--noEmit"];
    expect(await project.node([compilerOf("typescript"), ...options, "imported.mts"])).toBe("");
  });

  it.each([["es2022"], ["es2022,dom"]])(
    "let nightbus/client do without @types/node, with the library %s",
    async (lib) => {
      const project = new Project("module");
      project.write({
        "page.ts": `
        import { connect } from "nightbus/client";
        connect("/longpolling", { channels: ["lobby"] }).on("notification", ({ id }) => id);`,
      });
      const options = ["--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022", "--strict"];
      expect(await project.node([compilerOf("typescript7"), ...options, "--lib", lib, "--noEmit", "page.ts"])).toBe("");
    },
  );
});

function without(mode: Mode): readonly [Mode, string[]] {
  return [mode, PLAIN];
}

function compilerOf(folder: string): string {
  return toolFile(`${folder}/bin/tsc`);
}
