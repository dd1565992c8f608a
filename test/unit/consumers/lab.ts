import { Bus, type BusOptions, type Position, type Positions, type Store } from "nightbus";
import { turns } from "../../../src/testing/conformance/bus/topic.ts";
import { ManualClock } from "../../../src/testing/fake/manual-clock.ts";
import { storeError } from "../../support/doubles.ts";
import { SharedLog } from "../presence/shared-log.ts";

/** A transaction of the lab: its effects join the ledger at the commit. */
export interface LabTransaction {
  readonly effects: unknown[];
}

/** One process of the lab. */
export interface LabProcess {
  readonly bus: Bus;
  readonly clock: ManualClock;
  readonly errors: Error[];
  /** Refuses each write and read of positions. */
  isCut: boolean;
  /** Commits writes of positions, and then loses the answers. */
  losesAnswers: boolean;
  /** The transactions that lose their connection while they work. */
  drops: number;
  /** True after a SIGKILL. */
  isGone: boolean;
}

/** Processes that share a log and positions, with clocks of their own, and faults between them and the store. */
export class Lab {
  readonly log = new SharedLog(() => this.processes[0]?.clock.monotonic() ?? 0);
  readonly processes: LabProcess[] = [];
  readonly positions = new Map<string, Position>();
  /** The effects of committed transactions. */
  readonly ledger: unknown[] = [];
  /** The states that positions had, in the order of the writes. */
  readonly history: string[] = [];
  /** Counts writes of positions. */
  writes = 0;
  #newest = 0;

  /** Starts a process. */
  async start(options: BusOptions = {}): Promise<LabProcess> {
    const clock = new ManualClock();
    const store = this.log.store();
    const bus = new Bus({ ...options, clock, store: Object.assign(store, { positions: this.#side(() => process) }) });
    const process: LabProcess = { bus, clock, errors: [], isCut: false, losesAnswers: false, drops: 0, isGone: false };
    Object.defineProperty(process, "store", { value: store });
    bus.on("error", (error) => process.errors.push(error));
    this.processes.push(process);
    await bus.ready();
    return process;
  }

  /** Ends a process without a word, as SIGKILL does. */
  kill(process: LabProcess): void {
    process.isGone = true;
    this.log.kill((process as unknown as { readonly store: Store }).store); // `start` put it there
  }

  /** Moves the clocks of all processes on, in steps. */
  async pass(ms: number, step = 50): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      for (const { clock } of this.processes) clock.advance(Math.min(step, ms - passed));
      await turns(4);
    }
    await turns(4);
  }

  #side(of: () => LabProcess): Positions {
    const reach = async (): Promise<void> => {
      await null;
      if (of().isGone) await new Promise(() => {});
      if (of().isCut) throw storeError(true);
    };
    const answer = <T>(value: T): T | Promise<T> => {
      if (of().isGone) return new Promise<T>(() => {});
      if (of().losesAnswers) throw storeError(false);
      return value;
    };
    return {
      list: async () => {
        await reach();
        return [...this.positions.values()];
      },
      read: async (name) => {
        await reach();
        return this.positions.get(name);
      },
      replace: async (name, version, state) => {
        await reach();
        return answer(this.#replace(name, version, state));
      },
      within: {
        isSynchronous: false,
        run: async (change, work) => {
          await reach();
          const transaction: LabTransaction = { effects: [] };
          const isDropped = of().drops-- > 0;
          try {
            await work(transaction);
          } catch (error) {
            throw isDropped ? storeError(true) : error;
          }
          if (isDropped) throw storeError(true);
          await reach();
          const next = this.#replace(change.name, change.version(), change.state());
          if (next !== undefined) this.ledger.push(...transaction.effects);
          return answer(next);
        },
      },
    };
  }

  #replace(name: string, version: number, state: string | undefined): number | undefined {
    if ((this.positions.get(name)?.version ?? 0) !== version) return undefined;
    this.writes += 1;
    if (state === undefined) {
      this.positions.delete(name);
      return 0;
    }
    this.history.push(state);
    this.#newest += 1;
    this.positions.set(name, { name, version: this.#newest, state });
    return this.#newest;
  }
}
