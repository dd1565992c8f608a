import type { Bus, ChannelOf, Notification } from "nightbus";
import { from, Observable } from "rxjs";

/** The notifications of these channels from now on. The end of the observable ends the waiting at once. */
export function observe<C extends object, const K extends ChannelOf<C>>(bus: Bus<C>, channels: readonly K[]) {
  return new Observable<Notification<C, K>>((subscriber) => {
    const end = new AbortController();
    from(bus.subscribe(channels, { signal: end.signal })).subscribe(subscriber);
    return () => end.abort();
  });
}
