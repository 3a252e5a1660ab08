// A Markdown text taken apart, as far as the README's tests need it: fenced blocks, code spans, tables, links,
// headings.

/** A fenced block: its language, and its text without the fences. */
export interface FencedBlock {
  readonly language: string;
  readonly text: string;
}

export interface Markdown {
  readonly blocks: readonly FencedBlock[];
  /** Inline code outside fenced blocks. */
  readonly spans: readonly string[];
  /** Where links lead. */
  readonly links: readonly string[];
  /** What links to a heading are called, each with its "#". */
  readonly anchors: readonly string[];
  /** Rows of cells by the title of their first column, heads left out. */
  readonly tables: ReadonlyMap<string, readonly (readonly string[])[]>;
}

/** The code spans of a line. */
export function spansOf(line: string): string[] {
  return [...line.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}

/** Tables are told apart by their first column's title: where two share it, their rows are joined. */
export function parseMarkdown(text: string): Markdown {
  const blocks: FencedBlock[] = [];
  const prose: string[] = [];
  let open: { language: string; indent: string; lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    // A block in a list item is indented, fences and all.
    const fence = /^( *)```(\w*)$/.exec(line);
    if (open !== undefined && fence !== null) {
      blocks.push({ language: open.language, text: open.lines.join("\n") });
      open = undefined;
    } else if (open !== undefined)
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    else if (fence !== null) open = { language: fence[2] ?? "", indent: fence[1] ?? "", lines: [] };
    else prose.push(line);
  }
  if (open !== undefined) throw new Error(`a block of ${open.language} is not closed`);

  const tables = new Map<string, string[][]>();
  prose.forEach((line, at) => {
    if (!/^\|[-:| ]+\|$/.test(line)) return;
    const [title = ""] = cellsOf(prose[at - 1] ?? "");
    const rows = tables.get(title) ?? [];
    for (let row = at + 1; prose[row]?.startsWith("|"); row++) rows.push(cellsOf(prose[row] ?? ""));
    tables.set(title, rows);
  });
  const headings = prose.flatMap((line) => /^#+ (.*)$/.exec(line)?.[1] ?? []);
  return {
    blocks,
    spans: prose.flatMap(spansOf),
    links: prose.flatMap((line) => [...line.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1] ?? "")),
    anchors: headings.map(
      (heading) =>
        `#${heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-")}`,
    ),
    tables,
  };
}
