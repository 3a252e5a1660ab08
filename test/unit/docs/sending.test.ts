// The pages on sending and on timings have what the code has: examples, answers, reasons and statuses.

import { describe, expect, test } from "bun:test";
import { DROP_REASONS } from "../../../src/core/drop.ts";
import { KINDS } from "../../../src/core/record.ts";
import { type ExampleName, exampleText } from "../../support/examples.ts";
import { metricsSamples } from "./metrics.ts";
import { readPage } from "./pages.ts";

const PAGE = readPage("docs/sending.md");

/** The text line by line, without indents and empty lines. */
function unindented(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").join("\n");
}

describe("the page on sending", () => {
  const examples: readonly (readonly [ExampleName, string])[] = [
    ["curl", "sh"],
    ["node", "ts"],
    ["browser", "ts"],
    ["python", "python"],
  ];
  test.each(examples)("has the specification's %s example, but for the address", (name, language) => {
    const specified = exampleText(name, "http://localhost:7070", "sk_your_server_key");
    expect(PAGE.blocks(language).map(unindented)).toContain(unindented(specified));
  });

  test("has every status that the ingestion endpoint answers", async () => {
    const counted = (await metricsSamples()).flatMap((line) => /batches_total\{status="(\d+)"/.exec(line)?.[1] ?? []);
    expect(PAGE.rows("status").map(([status]) => status)).toEqual(counted);
  });

  test("has every reason for which an entry is dropped, in the order of the checks", () => {
    expect(PAGE.names("reason")).toEqual([...DROP_REASONS]);
  });
});

describe("the page on timings", () => {
  test("has every status of a timing", () => {
    const names = readPage("docs/timings.md").names("`status` of a timing");
    expect(names).toEqual(KINDS.filter((kind) => kind !== "log"));
  });
});
