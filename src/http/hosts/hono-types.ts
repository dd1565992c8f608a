/** The part of a Hono context that nightbus uses. */
export interface HonoContext {
  /** The bindings of the host. On Bun they are its server. */
  readonly env?: unknown;
  /** The request of Hono. */
  readonly req: {
    /** The request of the Fetch standard. */
    readonly raw: Request;
    /** The pattern of the route, which states the place of the mount. */
    readonly routePath: string;
    /** Reads the body, also if a middleware has read it before. */
    text(): Promise<string>;
  };
}
