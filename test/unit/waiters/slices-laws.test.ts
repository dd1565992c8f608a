import { vi } from "vitest";
import { memory } from "../../stores/conformance/factories.ts";
import { testLaws } from "../../support/laws.ts";

vi.mock("../../../src/waiters/slice.ts", () => ({ SLICE: 2 }));

testLaws("that answers two polls in a turn", memory, 200);
