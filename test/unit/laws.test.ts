import { file, memory } from "../stores/conformance/factories.ts";
import { testLaws } from "../support/laws.ts";

testLaws("without a store", memory, 400);
testLaws("over SQLite, in a file", file, 40);
