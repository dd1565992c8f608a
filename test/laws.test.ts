import { file, memory } from "./conformance/factories.ts";
import { testLaws } from "./laws.ts";

testLaws("without a store", memory, 400);
testLaws("over SQLite, in a file", file, 40);
