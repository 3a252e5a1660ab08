// What the README says is true: each claim that a program can check is checked against the program.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { diffSettings } from "../../../src/config/reload.ts";
import { DROP_REASONS } from "../../../src/core/drop.ts";
import * as limits from "../../../src/core/limits.ts";
import { KINDS } from "../../../src/core/record.ts";
import { COMPLETES_MAX } from "../../../src/worker/completes.ts";
import { problemsOf as configProblems, settingsOf } from "../../support/configuration.ts";
import { type ExampleName, exampleText } from "../../support/examples.ts";
import { ADMIN_TOKEN, createFixture } from "../http/fixture.ts";
import { problemsOf as commandProblems, shownCommands } from "./commands.ts";
import { parseMarkdown, spansOf } from "./markdown.ts";
import { type ShownDefault, schemaSettings } from "./settings.ts";

const ROOT = join(import.meta.dir, "../../..");
const TEXT = readFileSync(join(ROOT, "README.md"), "utf8");
const README = parseMarkdown(TEXT);

function rows(title: string): readonly (readonly string[])[] {
  const found = README.tables.get(title) ?? [];
  expect(found.length).toBeGreaterThan(0);
  return found;
}

/** The first cell's code spans, row by row. */
function names(title: string): string[] {
  return rows(title).flatMap(([cell = ""]) => spansOf(cell));
}

function blocks(language: string): string[] {
  return README.blocks.filter((block) => block.language === language).map(({ text }) => text);
}

function shownDefault(cell: string): ShownDefault {
  if (cell === "none" || cell === "required") return cell;
  const [text = ""] = spansOf(cell);
  return { value: JSON.parse(/^[\d_.]+$/.test(text) ? text.replaceAll("_", "") : text) };
}

/** What /metrics shows: names without labels, and whole samples. */
async function metricsSamples(): Promise<string[]> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const response = await createFixture().fetch(new Request("http://localhost:7070/metrics", { headers }));
  const text = await response.text();
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** The text line by line, without indents and empty lines. */
function unindented(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "").join("\n");
}

describe("the README's configuration", () => {
  test("loads, each block by itself, but for its example keys", () => {
    const variables = { SIMPLELOGS_ADMIN_TOKEN: "an-admin-token-for-tests" };
    const toml = blocks("toml");
    expect(toml.length).toBeGreaterThan(1);
    const own = (text: string) => text.replaceAll("_replace_this_with_your_own", "_8f3a9c2e71b04d55ac");
    for (const text of toml) {
      expect(configProblems(own(text), variables)).toEqual([]);
      const examples = text.split("_replace_this_with_your_own").length - 1;
      expect(configProblems(text, variables)).toHaveLength(examples);
    }
  });

  test("names every setting with its real default", () => {
    const shown = rows("setting").map(([name = "", cell = ""]) => [spansOf(name)[0], shownDefault(cell)]);
    expect(shown).toEqual([...schemaSettings()]);
  });

  test("says of every setting whether a reload applies it", () => {
    const other = `host = "::1"
port = 1
data = "other.db"
admin_token = "an-admin-token-for-tests"
metrics_open = true
trusted_proxies = ["::1"]
max_body = 1
max_entries = 1
queue = { requests = 1, bytes = 1024, client_share = 1 }
storage = { durability = "write", max_size = "1GiB" }
timings = { timeout = "1s", orphan_grace = "1s", max_open = 1, max_open_bytes = 1024 }
dedupe = { window = "1s", requests = 1 }
log = { level = "debug" }
tls = { cert = "cert.pem", key = "key.pem" }`;
    const restart = rows("setting").filter(([, , , by]) => by === "restart");
    expect(restart.map(([name = ""]) => spansOf(name)[0])).toEqual(diffSettings(settingsOf(""), settingsOf(other)));
    expect(new Set(rows("setting").map(([, , , by]) => by))).toEqual(new Set(["restart", "reload"]));
  });
});

describe("the README's examples", () => {
  const examples: readonly (readonly [ExampleName, string])[] = [
    ["curl", "sh"],
    ["node", "ts"],
    ["browser", "ts"],
    ["python", "python"],
  ];

  const posting = parseMarkdown(readFileSync(join(ROOT, "docs/posting.md"), "utf8"));
  test.each(examples)("%s, on the page on posting, is the specification's, but for the address", (name, language) => {
    const specified = exampleText(name, "http://localhost:7070", "sk_your_server_key");
    const shown = posting.blocks.filter((block) => block.language === language).map(({ text }) => unindented(text));
    expect(shown).toContain(unindented(specified));
  });
});

describe("the README's tables", () => {
  test("have every reason for which an entry is dropped, in the order of the checks", () => {
    expect(names("reason")).toEqual([...DROP_REASONS]);
  });

  test("have every status of a timing", () => {
    expect(names("`status` of a timing")).toEqual(KINDS.filter((kind) => kind !== "log"));
  });

  test("have every metric", async () => {
    const exposed = (await metricsSamples()).map((line) =>
      line.replace(/[{ ].*$/, "").replace(/_(?:bucket|sum|count)$/, ""),
    );
    expect(names("metric").toSorted()).toEqual([...new Set(exposed)].toSorted());
  });

  test("have every status that the ingestion endpoint answers", async () => {
    const counted = (await metricsSamples()).flatMap((line) => /batches_total\{status="(\d+)"/.exec(line)?.[1] ?? []);
    const shown = rows("status").map(([status]) => status);
    expect(shown).toEqual(counted);
  });

  test("have every folder of the sources", () => {
    expect(names("folder").filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe("the README", () => {
  test("shows no command or option that the program does not know", async () => {
    const shown = shownCommands(README);
    expect(shown.length).toBeGreaterThan(12);
    const problems = await Promise.all(shown.map(commandProblems));
    expect(problems.flat()).toEqual([]);
  });

  test("names no file that is not there", () => {
    const commands = blocks("sh").flatMap((text) => text.split(/\s/));
    const paths = [...README.spans.flatMap((span) => span.split(" ")), ...commands].filter((word) =>
      /^(?:scripts|src|test)(?:\/[\w.-]+)+$|^(?:LICENSE|\w+\.md)$/.test(word),
    );
    expect(paths.length).toBeGreaterThan(12);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("has no link that leads nowhere", () => {
    const isThere = (link: string) =>
      link.startsWith("#") ? README.anchors.includes(link) : existsSync(join(ROOT, link.replace(/#.*/, "")));
    expect(README.links.length).toBeGreaterThan(0);
    expect(README.links.filter((link) => !isThere(link))).toEqual([]);
  });

  test("states the limits that are in force", () => {
    const stated = [
      `${limits.METADATA_COLUMNS_MAX} top-level fields`,
      `${limits.METADATA_DEPTH_MAX} levels deep`,
      `${limits.TOUCHPOINTS_MAX.toLocaleString("en")} names a project`,
      `${limits.FUTURE_MS_MAX / 3_600_000} hours ahead`,
      `last ${COMPLETES_MAX.toLocaleString("en")} complete timings`,
      `up to ${limits.BLOCK_RECORDS_MAX.toLocaleString("en")} records`,
    ];
    expect(stated.filter((statement) => !TEXT.includes(statement))).toEqual([]);
  });
});
