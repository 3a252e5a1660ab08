// The page on operations, and the alert rules, name what the server has.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { metricNames, metricsSamples } from "./metrics.ts";
import { ROOT, readPage } from "./pages.ts";

const PAGE = readPage("docs/operations.md");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
}

const { groups } = Bun.YAML.parse(readFileSync(join(ROOT, "docs/prometheus_alerts.yml"), "utf8")) as {
  groups: { rules: Rule[] }[];
};
const RULES = groups.flatMap(({ rules }) => rules);

describe("the page on operations", () => {
  test("has every metric", async () => {
    expect(PAGE.names("metric").toSorted()).toEqual((await metricNames()).toSorted());
  });

  test("lists every alert with its severity", () => {
    const listed = PAGE.rows("alert").map(([name = "", severity = ""]) => [name.replaceAll("`", ""), severity]);
    expect(listed).toEqual(RULES.map(({ alert, labels }) => [alert, labels.severity]));
  });

  test("shows YAML that can be read", () => {
    const texts = PAGE.blocks("yaml");
    expect(texts.length).toBeGreaterThan(1);
    for (const text of texts) expect(Bun.YAML.parse(text)).toBeObject();
  });
});

describe("the alert rules", () => {
  test("name only metrics that there are", async () => {
    const known = await metricNames();
    expect(RULES.length).toBeGreaterThan(5);
    for (const { alert, expr } of RULES) {
      const named = expr.match(/\b(?:simplelogs|process)_\w+|\bup\b/g) ?? [];
      expect([alert, named.length]).not.toEqual([alert, 0]);
      const unknown = named.filter((name) => name !== "up" && !known.includes(name.replace(/_bucket$/, "")));
      expect([alert, unknown]).toEqual([alert, []]);
    }
  });

  test("name only labels and values that there are", async () => {
    const samples = await metricsSamples();
    const values = (metric: string, label: string) =>
      samples.flatMap((line) =>
        line.startsWith(`${metric}{`) ? (new RegExp(`${label}="([^"]*)"`).exec(line)?.[1] ?? []) : [],
      );
    const selectors = RULES.flatMap(({ expr }) => [...expr.matchAll(/(simplelogs_\w+)\{(\w+)(?:=~|=|!=)"([^"]*)"\}/g)]);
    expect(selectors.length).toBeGreaterThan(2);
    for (const [selector, metric = "", label = "", named = ""] of selectors) {
      const unknown = named.split("|").filter((value) => !values(metric, label).includes(value));
      expect([selector, unknown]).toEqual([selector, []]);
    }
  });
});
