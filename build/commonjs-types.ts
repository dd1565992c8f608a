import { writeFileSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import ts from "typescript";

const MODE = `{ "resolution-mode": "import" }`;

/**
 * Writes the types for those who `require` these modules, beside their own. They only name the types of the ES modules, so
 * that a project of both kinds has one `Bus`.
 */
export function writeCommonjsTypes(files: readonly string[]): void {
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, types: ["node"] });
  const checker = program.getTypeChecker();
  for (const file of files) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    const from = `"./${basename(file).replace(/\.d\.ts$/, ".js")}" with ${MODE};`;
    const values = checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      return symbol.flags & ts.SymbolFlags.Value ? declarationsOf(symbol, checker, file) : [];
    });
    const lines = [`import type * as esm from ${from}`, `export type * from ${from}`, ...values];
    writeFileSync(file.replace(/ts$/, "cts"), `${lines.join("\n")}\n`);
  }
}

function declarationsOf(symbol: ts.Symbol, checker: ts.TypeChecker, file: string): readonly string[] {
  const { name, valueDeclaration } = symbol;
  const comment = ts.getJSDocCommentsAndTags(valueDeclaration!).find(ts.isJSDoc)?.getText();
  const value = `export declare const ${name}: typeof esm.${name};`;
  const lines = comment === undefined ? [value] : [comment, value];
  if (!ts.isClassDeclaration(valueDeclaration!)) return lines;
  const parameters = valueDeclaration.typeParameters ?? [];
  if (parameters.length === 0) return [...lines, `export type ${name} = esm.${name};`];
  const declared = parameters.map((parameter) => textOf(parameter, checker, file)).join(", ");
  const given = parameters.map((parameter) => parameter.name.text).join(", ");
  return [...lines, `export type ${name}<${declared}> = esm.${name}<${given}>;`];
}

/** Returns the text of a type parameter. A default from another module is imported in its place. */
function textOf(parameter: ts.TypeParameterDeclaration, checker: ts.TypeChecker, file: string): string {
  const preset = parameter.default;
  if (preset === undefined || !ts.isTypeReferenceNode(preset)) return parameter.getText();
  const { fileName } = checker.getTypeFromTypeNode(preset).aliasSymbol!.declarations![0]!.getSourceFile();
  const path = relative(dirname(file), fileName).replace(/\.d\.ts$/, ".js");
  const imported = `import("${path.startsWith(".") ? path : `./${path}`}", { with: ${MODE} })`;
  return parameter.getText().replace(/= (\w+)$/, (_, name) => `= ${imported}.${name}`);
}
