// The package has no types of its own; what is used of it here is the browser's own interface.
declare module "event-source-polyfill" {
  export const EventSourcePolyfill: typeof EventSource;
}
