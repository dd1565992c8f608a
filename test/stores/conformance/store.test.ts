import { sqlite } from "nightbus/sqlite";
import { describe, it } from "vitest";
import { memory } from "../../../src/stores/memory.ts";
import { testStore } from "../../../src/testing/conformance/store.ts";
import { temporary } from "./factories.ts";

testStore("memory", { durable: false, shared: false, place: () => ({ store: memory }) }, { describe, it });

testStore(
  "SQLite, in a file",
  {
    durable: true,
    shared: true,
    place() {
      const { path, remove } = temporary();
      return { store: () => sqlite(path, { durability: "normal" }), remove };
    },
  },
  { describe, it },
);

testStore(
  "SQLite, in memory",
  { durable: false, shared: false, place: () => ({ store: () => sqlite(":memory:") }) },
  { describe, it },
);
