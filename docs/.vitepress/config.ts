import { defineConfig } from "vitepress";
import { HOME } from "./home.ts";
import { onSite, PROJECT, writeCopies } from "./outside.ts";
import { PAGES, SUBPATHS } from "./sidebar.ts";

writeCopies();

const reference = SUBPATHS.map((text) => ({ text, link: `/api/${text}` }));

export default defineConfig({
  title: "nightbus",
  description:
    "An embedded pub/sub bus for Node: notifications on channels, streamed or long-polled on your own routes.",
  lang: "en",
  head: [
    ["link", { rel: "icon", href: "/logo.svg", type: "image/svg+xml" }],
    ["meta", { name: "theme-color", content: "#1b2a6b" }],
  ],
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    // Shiki has no grammar for these two. The shapes of their comments, words and blocks are those of nginx.
    languageAlias: { haproxy: "nginx", caddyfile: "nginx" },
    config(md) {
      md.core.ruler.push("links that leave docs", ({ tokens, env }) => {
        const page = `docs/${(env as { relativePath?: string }).relativePath ?? "index.md"}`;
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.type === "link_open" ? token.attrGet("href") : null;
          if (href !== null) token.attrSet("href", onSite(page, href));
        }
      });
    },
  },
  transformPageData(page) {
    if (page.relativePath === "index.md") Object.assign(page.frontmatter, HOME);
  },
  themeConfig: {
    logo: "/logo.svg",
    outline: { level: [2, 3] },
    search: { provider: "local" },
    nav: [
      { text: "Guide", link: "/channels-and-retention" },
      { text: "Mounts", link: "/mounts" },
      { text: "Stores", link: "/stores" },
      { text: "Reference", link: "/api/" },
    ],
    sidebar: [
      ...PAGES.map((group) => ({ ...group, items: [...group.items] })),
      { text: "Project", items: [...PROJECT], collapsed: true },
      { text: "Reference", items: reference, collapsed: true, link: "/api/" },
    ],
    footer: { message: "Released under the MIT licence." },
  },
});
