import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { blocksOf, fileOf, root } from "../support/pages.ts";

const PAGE = "docs/frameworks.md";
const text = readFileSync(join(root, PAGE), "utf8");

/** The applications that tests start, with the package whose version the page names. */
const APPLICATIONS = [
  ["Next", "examples/next", "next", "examples"],
  ["Nest on Express", "test/frameworks/nest", "@nestjs/core", "test/frameworks"],
  ["Nest on Fastify", "test/frameworks/nest", "@nestjs/core", "test/frameworks"],
  ["Nitro", "test/frameworks/nitro", "nitro", "test/frameworks"],
  ["SvelteKit", "test/frameworks/sveltekit", "@sveltejs/kit", "test/frameworks"],
  ["Astro", "test/frameworks/astro", "astro", "test/frameworks"],
  ["React Router", "test/frameworks/react-router", "react-router", "test/frameworks"],
  ["Elysia", "test/frameworks/elysia", "elysia", "test/frameworks"],
] as const;

describe("the page on frameworks", () => {
  it("has a section for each application that a test starts", () => {
    const sections = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(sections).toEqual(APPLICATIONS.map(([heading]) => heading));
  });

  it.each(APPLICATIONS)("shows the lines of the application: %s", (heading, folder) => {
    const blocks = blocksBelow(heading);
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      const file = fileOf(block);
      expect(existsSync(join(root, folder, file)), file).toBe(true);
      const lines = readFileSync(join(root, folder, file), "utf8").split("\n");
      const shown = block.split("\n").slice(1);
      // The applications let clients send, so that a test can.
      expect(lines, file).toEqual(expect.arrayContaining(shown.filter((line) => !line.includes("mount(bus"))));
    }
  });

  it.each(APPLICATIONS)("names the version that is installed: %s", (heading, _, name, folder) => {
    const lock = JSON.parse(readFileSync(join(root, folder, "package-lock.json"), "utf8")) as {
      packages: Readonly<Record<string, { version: string }>>;
    };
    const places = Object.keys(lock.packages).filter((place) => place.endsWith(`node_modules/${name}`));
    const versions = places.map((place) => lock.packages[place]!.version);
    expect(versions).toContain(text.match(new RegExp(`\\[${heading}\\]\\(.*?\\) \\| ([\\d.]+) \\|`))?.[1]);
  });
});

/** Returns the blocks of the section with this heading. */
function blocksBelow(heading: string): readonly string[] {
  const lines = text.split("\n");
  const from = lines.indexOf(`## ${heading}`) + 1;
  const length = lines.slice(from).findIndex((line) => line.startsWith("## "));
  const to = length === -1 ? lines.length : from + length;
  return blocksOf(PAGE)
    .filter(({ line }) => line > from && line <= to)
    .map((block) => block.text);
}
