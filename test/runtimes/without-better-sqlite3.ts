/** Stands for better-sqlite3 on a machine that does not have it, so that the store takes the runtime's own driver. */
export default class {
  constructor() {
    throw new Error("it is left out of this test");
  }
}
