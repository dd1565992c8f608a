// Follows the bus over the long poll: always from the last id that was seen, so nothing is lost while there is no connection.

const HOLD = 25_000; // ms that the server may hold a poll; below what proxies allow a quiet request
const PATIENCE = HOLD + 10_000; // ms after which a connection that says nothing is taken for dead
const LONGEST_PAUSE = 8_000;

/**
 * `load` shows the state and resolves with its `last`; it is called to begin with, and again when the bus says that something was
 * missed. `channels` answers what to ask for, `heard` gets each notification, `status` "online" or "offline", `refused` is
 * called when the session is none.
 */
export function follow({ load, channels, heard, status, refused }) {
  let last; // undefined: load first
  let failures = 0;
  let asking = new AbortController();
  addEventListener("online", again);
  run();
  return { again, reload };

  /** Asks anew, from the same `last`: the channels have changed, or it is worth another try. */
  function again() {
    asking.abort();
  }

  /** Loads anew: the page may show less than the server knows. */
  function reload() {
    last = undefined;
    again();
  }

  async function run() {
    for (;;) {
      asking = new AbortController();
      try {
        await step(asking.signal);
      } catch (error) {
        if (error.status === 401) return refused();
        if (!asking.signal.aborted) await pause();
      }
    }
  }

  async function step(signal) {
    if (last === undefined) {
      const loaded = await load();
      if (signal.aborted) return; // a reload was asked for meanwhile, or other channels: begin again
      last = loaded;
      reached();
    }
    const { notifications, ...answer } = await poll(signal);
    reached();
    if (answer.missed) {
      last = undefined;
      return;
    }
    for (const notification of notifications) heard(notification);
    last = answer.last;
  }

  function reached() {
    failures = 0;
    status("online");
  }

  async function poll(signal) {
    const response = await fetch("/longpolling/poll", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      // After a failure the first answer comes at once: it tells that the server is back.
      body: JSON.stringify({ channels: channels(), last, timeout: failures > 0 ? 0 : HOLD }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
    });
    if (!response.ok)
      throw Object.assign(new Error(`the poll was answered ${response.status}`), { status: response.status });
    return response.json();
  }

  /** Waits longer after each failure, and never as long as the next browser: they would all come back in one moment. */
  function pause() {
    failures += 1;
    status("offline");
    const longest = Math.min(LONGEST_PAUSE, 400 * 2 ** failures);
    const { signal } = asking;
    return new Promise((resolve) => {
      setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      signal.addEventListener("abort", resolve);
    });
  }
}
