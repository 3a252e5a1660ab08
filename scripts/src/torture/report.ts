// The table of what torture found.

import { FAULTS, type Findings } from "./findings.ts";

/** One line a kind of torture; every column of faults is 0 where the promises were kept. */
export function markdownTable(all: readonly Findings[]): string {
  const head = ["", "rounds", "kills", "batches", "entries", ...FAULTS, "s"];
  const rows = all.map((findings) => [
    findings.name,
    ...[findings.rounds, findings.kills, findings.batches, findings.entries].map((count) => count.toLocaleString("en")),
    ...FAULTS.map((fault) => String(findings.counts[fault])),
    findings.seconds.toFixed(0),
  ]);
  const widths = head.map((name, column) =>
    Math.max(name.length, ...rows.map((row) => (row[column] as string).length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
