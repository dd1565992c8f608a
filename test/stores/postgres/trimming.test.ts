import { describe, it } from "vitest";
import { postgresRuns } from "../engines.ts";
import { keepYoung, trimTogether } from "../together.ts";
import { schemas } from "./schemas.ts";

postgresRuns(describe)("what is trimmed from the tables", () => {
  const schema = schemas();

  it("is nothing young, though one process's clock is a day ahead for a while", async () => {
    await keepYoung(schema().bus);
  });

  it("is the same for processes that trim at the same time", async () => {
    await trimTogether(schema().bus);
  });
});
