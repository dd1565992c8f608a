/** Whether something works, as of when it was last used. */
export class Health {
  good = false;

  /** Watches a use of it, and hands on the outcome. */
  async watch<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      this.good = true;
      return result;
    } catch (error) {
      this.good = false;
      throw error;
    }
  }
}
