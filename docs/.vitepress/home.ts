/** The front of the site, above the page `docs/index.md`, which GitHub shows without it. */
export const HOME = {
  layout: "home",
  hero: {
    name: "nightbus",
    text: "Pub/sub inside your Node process",
    tagline: "Send on channels, stream to browsers on your own routes, and lose nothing silently.",
    image: { src: "/logo.svg", alt: "" },
    actions: [
      { theme: "brand", text: "Get started", link: "/channels-and-retention" },
      { theme: "alt", text: "Mounts", link: "/mounts" },
      { theme: "alt", text: "Reference", link: "/api/" },
    ],
  },
  features: [
    {
      icon: "🧭",
      title: "One integer is the cursor",
      details:
        "A reader that was away catches up from the last id that it saw, on any set of channels, in every process.",
      link: "/channels-and-retention",
    },
    {
      icon: "🔍",
      title: "Nothing silently lost",
      details:
        "A poll answers everything that is retained after its cursor. A gap is told as missed, and for no other reason.",
      link: "/failures",
    },
    {
      icon: "🧩",
      title: "On your own routes",
      details: "Express, Fastify, Koa, Hono, node:http and the Fetch standard. No server to install, no port to open.",
      link: "/mounts",
    },
    {
      icon: "🗄️",
      title: "A store when you need one",
      details: "SQLite for one machine. Postgres, Redis or NATS JetStream for several, with the same promises.",
      link: "/stores",
    },
    {
      icon: "🔒",
      title: "Commits with your data",
      details: "Send inside your own transaction on Postgres and SQLite: readers hear of it if and only if it commits.",
      link: "/transactions",
    },
    {
      icon: "⚡",
      title: "Work is done once",
      details:
        "A message is serialised once, and all readers share its text. A slow reader costs nothing: the log is the buffer.",
      link: "/performance",
    },
  ],
};
