import { describe, it } from "vitest";
import { ADDRESSES } from "../support/engines/addresses.ts";
import { ENGINES } from "../support/engines/engines.ts";
import { pagePrograms } from "../support/page-programs.ts";
import { blocksFor, enginesOf } from "../support/pages.ts";

const programs = pagePrograms();

describe("the programs of the pages that need an engine run, and print what they say", () => {
  it.for(blocksFor("engine program").map((block) => [`${block.page}:${block.line}`, block] as const))(
    "%s",
    async ([, block], { skip, onTestFinished }) => {
      const engines = enginesOf(block.text);
      const missing = engines.map((name) => ENGINES[name].missing()).find((reason) => reason !== undefined);
      if (missing !== undefined && process.env["CI"] === undefined) skip(missing);
      const env: NodeJS.ProcessEnv = {};
      for (const name of engines) {
        // A server of its own, since the program uses the names that nightbus uses unless others are given.
        const instance = ENGINES[name].create();
        onTestFinished(() => instance.close());
        await instance.start();
        env[ADDRESSES[name][0]] = instance.connection();
      }
      await programs.run(block, env);
    },
  );
});
