/**
 * The documentation: what comes from declarations is what they say, links lead somewhere, and a reader of README finds every
 * page.
 */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { docPages, withGeneratedParts } from "../../build/docs.ts";
import { OPTION_LIST } from "../../src/config/options.ts";
import { COUNTER_DOCS } from "../../src/counter-docs.ts";

const ROOT = join(import.meta.dir, "../..");
const README = join(ROOT, "README.md");
/** A screen of a person who reads, and some more. */
const README_MAX_LINES = 220;

const pages = new Map<string, string>();
const docs = await docPages();
for (const path of [README, join(ROOT, "src/README.md"), ...docs]) {
  pages.set(path, await Bun.file(path).text());
}
const pageOf = (path: string) => pages.get(join(ROOT, path)) ?? "";

/** Headings as the places that links name, as GitHub has them. */
function placesOf(page: string): Set<string> {
  const headings = withoutCode(page).matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(headings, ([, text = ""]) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function withoutCode(page: string): string {
  return page.replaceAll(/^```[^]*?^```$/gm, "");
}

function linksOf(page: string): string[] {
  return Array.from(withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target);
}

describe("what is generated is up to date (bun run docs)", () => {
  for (const path of docs) {
    test(relative(ROOT, path), () => {
      const page = pages.get(path) ?? "";
      expect(withGeneratedParts(page)).toBe(page);
    });
  }

  test("a mark that names nothing, or has no end, is an error", () => {
    expect(() => withGeneratedParts("<!-- generated: nonsense -->\n<!-- end -->")).toThrow();
    expect(() => withGeneratedParts("<!-- generated: every option -->\n")).toThrow();
    const twice =
      "<!-- generated: every option -->\n<!-- generated: every option -->\n<!-- end -->";
    expect(() => withGeneratedParts(twice)).toThrow();
  });
});

describe("nothing is left out", () => {
  test("each option has a place of its own, with its type, its default and what it means", () => {
    const page = pageOf("docs/options.md");
    for (const { name, doc } of OPTION_LIST) {
      const [, section = ""] = page.split(`### ${name}\n`);
      expect([name, section.trimStart().startsWith(doc)]).toEqual([name, true]);
    }
    expect(page).toContain("### batch_max_size\n");
    expect(page).toContain(
      '- Default: `"1MB"` (`listener`, `listener_http`), `"10MB"` (`writer`)\n',
    );
    expect(page).toContain("`listener_batch_bytes` (an integer, bytes)");
  });

  test("each counter is in metrics.md, with what it counts and its names in Prometheus", () => {
    const page = pageOf("docs/metrics.md");
    for (const [component, declarations] of Object.entries(COUNTER_DOCS)) {
      for (const [name, doc] of declarations.flatMap((declared) => Object.entries(declared))) {
        const inPrometheus = `influx_spout_${component}_${name.replaceAll("-", "_")}_total`;
        expect([name, page.includes(`- \`${name}\`: ${doc}\n`)]).toEqual([name, true]);
        expect([name, page.includes(`\`${inPrometheus}\``)]).toEqual([name, true]);
      }
    }
  });
});

describe("links lead somewhere", () => {
  for (const [path, page] of pages) {
    test(relative(ROOT, path), () => {
      for (const link of linksOf(page)) {
        if (/^https?:/.test(link)) continue;
        const [file = "", place] = link.split("#");
        const target = file === "" ? path : join(dirname(path), file);
        expect([link, existsSync(target)]).toEqual([link, true]);
        if (place === undefined) continue;
        expect([link, placesOf(pages.get(target) ?? "").has(place)]).toEqual([link, true]);
      }
    });
  }
});

describe("README", () => {
  test("is read in one go", () => {
    expect(pageOf("README.md").split("\n").length).toBeLessThan(README_MAX_LINES);
  });

  test("leads to each page, and to each option within three clicks", () => {
    const links = linksOf(pageOf("README.md"));
    for (const path of docs) expect(links).toContain(relative(ROOT, path));
    const places = placesOf(pageOf("docs/options.md"));
    for (const { name } of OPTION_LIST) expect([name, places.has(name)]).toEqual([name, true]);
  });
});
