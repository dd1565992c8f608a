import type { Client } from "../client.ts";

/** The pause between two reports, in ms: below the grace of presence, and as often as a hidden page may run. */
const PAUSE = 50_000;

/** The inactivity in ms after which the next input is reported at once. */
const LONG = 60_000;

const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"];

/** The reports of each client, with the number of lists that want them. */
const running = new WeakMap<object, { users: number; readonly stop: () => void }>();

/**
 * Reports the inactivity of the person at this page, once for each client. Returns a function that ends it. A failed
 * report is left out, because the next one follows.
 */
export function reportActivity(client: Pick<Client<never>, "request">): () => void {
  const known = running.get(client) ?? { users: 0, stop: begin(client) };
  running.set(client, known);
  known.users += 1;
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    known.users -= 1;
    if (known.users > 0) return;
    running.delete(client);
    known.stop();
  };
}

function begin({ request }: Pick<Client<never>, "request">): () => void {
  // One of the two clocks may stand still while a machine sleeps, and the other may be set back.
  let [activeAt, activeOn] = [performance.now(), Date.now()];
  const idle = (): number => Math.max(performance.now() - activeAt, Date.now() - activeOn);
  const over = new AbortController();
  let underWay = new AbortController();
  const report = (): void => {
    underWay.abort(); // reports that hang would take the few connections that a page has
    underWay = new AbortController();
    const inactive = Math.round(idle());
    request("/presence", underWay.signal, { inactive }).catch(() => {}); // the server takes a person without reports for online
  };
  const act = (): void => {
    const was = idle();
    [activeAt, activeOn] = [performance.now(), Date.now()];
    if (was > LONG) report();
  };
  const page = globalThis as Partial<EventTarget> & { readonly document?: Document };
  const options = { signal: over.signal, passive: true, capture: true };
  for (const input of INPUTS) page.addEventListener?.(input, act, options);
  page.document?.addEventListener(
    "visibilitychange",
    () => {
      if (page.document?.visibilityState === "visible") act();
    },
    options,
  );
  report();
  const timer = setInterval(report, PAUSE);
  return () => {
    clearInterval(timer);
    underWay.abort();
    over.abort();
  };
}
