/** Returns an icon of lines, which no font has to hold. */
function icon(lines: string): string {
  const pen = 'fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"';
  return `<svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true" ${pen}>${lines}</svg>`;
}

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
      icon: icon('<circle cx="12" cy="12" r="9"/><path d="m15.5 8.5-2 5-5 2 2-5z"/>'),
      title: "One integer is the cursor",
      details:
        "A reader that was away catches up from the last id that it saw, on any set of channels, in every process.",
      link: "/channels-and-retention",
    },
    {
      icon: icon('<path d="M4 6h16M4 12h9M4 18h6"/><path d="m15 17 2 2 4-5"/>'),
      title: "Nothing silently lost",
      details:
        "A poll answers everything that is retained after its cursor. A gap is told as missed, and for no other reason.",
      link: "/failures",
    },
    {
      icon: icon('<path d="M3 12h6M15 6h6M15 18h6M9 12l6-6M9 12l6 6"/>'),
      title: "On your own routes",
      details: "Express, Fastify, Koa, Hono, node:http and the Fetch standard. No server to install, no port to open.",
      link: "/mounts",
    },
    {
      icon: icon(
        '<ellipse cx="12" cy="5.5" rx="8" ry="2.5"/><path d="M4 5.5v13c0 1.4 3.6 2.5 8 2.5s8-1.1 8-2.5v-13M4 12c0 1.4 3.6 2.5 8 2.5s8-1.1 8-2.5"/>',
      ),
      title: "A store when you need one",
      details: "SQLite for one machine. Postgres, Redis or NATS JetStream for several, with the same promises.",
      link: "/stores",
    },
    {
      icon: icon('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>'),
      title: "Commits with your data",
      details: "Send inside your own transaction on Postgres and SQLite: readers hear of it if and only if it commits.",
      link: "/transactions",
    },
    {
      icon: icon('<path d="M13 3 5 13.5h6L10 21l8-10.5h-6z"/>'),
      title: "Work is done once",
      details:
        "A message is serialised once, and all readers share its text. A slow reader costs nothing: the log is the buffer.",
      link: "/performance",
    },
  ],
};
