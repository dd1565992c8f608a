import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { Instance } from "./instance.ts";
import { program } from "./programs.ts";

const execute = promisify(execFile);
const ROOT = "/usr/lib/postgresql";

/** A sentence that says what is not installed, if anything is. */
export function missing(): string | undefined {
  if (find("postgres") === undefined || find("initdb") === undefined) return "PostgreSQL's server is not installed";
  if (isRoot() && account() === undefined) return "PostgreSQL does not run as root, and there is no account postgres";
  return undefined;
}

/** A PostgreSQL of its own, not yet started, that trusts everybody on loopback. */
export function create(): Instance {
  const runAs = isRoot() ? account() : undefined;
  const connection = (port: number) => `postgres://postgres@127.0.0.1:${port}/postgres`;
  return new Instance({
    name: "PostgreSQL",
    command: find("postgres")!,
    account: runAs,
    politely: "SIGINT", // on SIGTERM it waits for its clients to go
    args: (port, folder) => {
      const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
      return ["-D", join(folder, "data"), "-p", `${port}`, ...settings.flatMap((setting) => ["-c", setting])];
    },
    async prepare(folder) {
      const args = [
        "-D",
        join(folder, "data"),
        "-U",
        "postgres",
        "--auth=trust",
        "--no-sync",
        "--no-locale",
        "-E",
        "UTF8",
      ];
      await execute(find("initdb")!, args, { ...runAs, cwd: folder });
    },
    async answers(port) {
      const client = new pg.Client({ connectionString: connection(port), connectionTimeoutMillis: 2_000 });
      client.on("error", () => {}); // an end of the server rejects the question
      try {
        await client.connect();
        await client.query("select 1");
      } finally {
        await client.end();
      }
    },
    connection,
  });
}

function find(name: string): string | undefined {
  const versions = existsSync(ROOT) ? readdirSync(ROOT).sort((a, b) => Number(b) - Number(a)) : [];
  return program(
    name,
    versions.map((version) => join(ROOT, version, "bin")),
  );
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function account(): { uid: number; gid: number } | undefined {
  const id = (what: string) => Number(execFileSync("id", [what, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}
