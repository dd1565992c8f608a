/** Runs a job for many callers at once: one run is under way and at most one is queued, and callers share them. */
export class SingleFlight {
  readonly #job: () => Promise<void>;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  constructor(job: () => Promise<void>) {
    this.#job = job;
  }

  /** Resolves when a run that began after this call has ended. Rejects as that run does. */
  run(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#start();
      return this.#running;
    }
    this.#queued ??= this.#running.then(
      () => this.#next(),
      () => this.#next(),
    );
    return this.#queued;
  }

  /** Resolves when no run is under way or queued. Never rejects. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => {}); // the callers of `run` hear of it
  }

  #next(): Promise<void> {
    this.#queued = undefined;
    this.#running = this.#start();
    return this.#running;
  }

  async #start(): Promise<void> {
    try {
      await this.#job();
    } finally {
      if (this.#queued === undefined) this.#running = undefined;
    }
  }
}
