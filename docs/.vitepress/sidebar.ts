/** An entry of the sidebar. `link` has no ending: `/stores` is `docs/stores.md`. */
export interface Item {
  readonly text: string;
  readonly link: string;
}

/** A group of the sidebar. A page of `docs/` belongs into one group, and a test compares the two. */
export interface Group {
  readonly text: string;
  readonly items: readonly Item[];
  readonly collapsed?: boolean;
}

/** The groups of the pages in `docs/`. */
export const PAGES: readonly Group[] = [
  {
    text: "Start",
    items: [
      { text: "Overview", link: "/" },
      { text: "Channels and retention", link: "/channels-and-retention" },
      { text: "Contracts", link: "/contracts" },
      { text: "Sending once", link: "/sending-once" },
      { text: "Consumers", link: "/consumers" },
      { text: "Mounts", link: "/mounts" },
      { text: "WebSockets", link: "/websocket" },
      { text: "Frameworks", link: "/frameworks" },
      { text: "The client", link: "/client" },
      { text: "The offline queue", link: "/offline-queue" },
      { text: "Presence", link: "/presence" },
      { text: "Stores", link: "/stores" },
      { text: "Transactions", link: "/transactions" },
    ],
  },
  {
    text: "Run",
    items: [
      { text: "Testing", link: "/testing" },
      { text: "Packaging and tools", link: "/packaging" },
      { text: "Observability", link: "/observability" },
      { text: "Deployment", link: "/deployment" },
      { text: "Failures", link: "/failures" },
      { text: "Performance", link: "/performance" },
    ],
  },
  {
    text: "Move",
    items: [
      { text: "From Odoo", link: "/migrating-from-odoo" },
      { text: "From Socket.IO", link: "/migrating-from-socket-io" },
      { text: "From better-sse", link: "/migrating-from-better-sse" },
    ],
  },
  {
    text: "Look inside",
    items: [
      { text: "The wire", link: "/the-wire" },
      { text: "Architecture", link: "/architecture" },
      { text: "Write a mount", link: "/write-a-mount" },
      { text: "Write a store", link: "/write-a-store" },
      { text: "Glossary", link: "/glossary" },
      { text: "Releasing", link: "/releasing" },
    ],
  },
];

/** The subpaths of the package, in the order of the reference. */
export const SUBPATHS: readonly string[] = [
  "nightbus",
  "nightbus/sqlite",
  "nightbus/postgres",
  "nightbus/redis",
  "nightbus/nats",
  "nightbus/express",
  "nightbus/fastify",
  "nightbus/koa",
  "nightbus/hono",
  "nightbus/node",
  "nightbus/fetch",
  "nightbus/websocket",
  "nightbus/asyncapi",
  "nightbus/client",
  "nightbus/client/presence",
  "nightbus/client/queue",
  "nightbus/presence",
  "nightbus/testing",
  "nightbus/conformance",
];
