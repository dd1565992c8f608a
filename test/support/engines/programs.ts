import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The folders in which distributions put servers, which are not in every PATH. */
const FOLDERS = ["/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin"];

/** The path of an installed program, or undefined. */
export function program(name: string, folders: readonly string[] = []): string | undefined {
  const all = [...(process.env["PATH"] ?? "").split(delimiter), ...folders, ...FOLDERS];
  return all.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
