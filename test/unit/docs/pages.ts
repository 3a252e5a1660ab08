// The pages of the documentation: the README and each file of docs/, and the README of the client library's package.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Markdown, parseMarkdown, spansOf } from "./markdown.ts";

export const ROOT = join(import.meta.dir, "../../..");

/** Paths in the checkout, with "/". */
export const PAGES: readonly string[] = [
  "README.md",
  "src/client/README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .toSorted()
    .map((name) => `docs/${name}`),
];

/** A page, as text and taken apart. */
export interface Page {
  readonly path: string;
  readonly text: string;
  /** The text with every line break and indent as one space, to look for sentences in it. */
  readonly prose: string;
  readonly markdown: Markdown;
  /** Rows of the tables whose first column has this title. Throws when there is none. */
  readonly rows: (title: string) => readonly (readonly string[])[];
  /** The code spans of the first cell of each of these rows. */
  readonly names: (title: string) => string[];
  /** The texts of the fenced blocks in a language. */
  readonly blocks: (language: string) => string[];
}

/** Reads a page. `path` is its path in the checkout. */
export function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), "utf8");
  const markdown = parseMarkdown(text);
  const rows = (title: string): readonly (readonly string[])[] => {
    const found = markdown.tables.get(title) ?? [];
    if (found.length === 0) throw new Error(`${path} has no table with the first column "${title}"`);
    return found;
  };
  return {
    path,
    text,
    prose: text.replaceAll(/\s+/g, " "),
    markdown,
    rows,
    names: (title) => rows(title).flatMap(([cell = ""]) => spansOf(cell)),
    blocks: (language) => markdown.blocks.filter((block) => block.language === language).map((block) => block.text),
  };
}
