/** The life of a tab. */
export interface TabState {
  frozen: boolean;
  dead: boolean;
  readonly name: string;
  readonly thaw: (() => void)[];
}

/** Does the work while the tab is awake: after its thaw if it is frozen, and never if it is dead. */
export function awake(state: TabState, work: () => void): void {
  if (state.dead) return;
  if (state.frozen) state.thaw.push(work);
  else work();
}
