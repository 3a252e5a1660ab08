// The page on alerts: its twenty rules load, and are what they say they are.

import { describe, expect, test } from "bun:test";
import { RULE_KINDS } from "../../../src/core/alert_rule.ts";
import { settingsOf } from "../../support/configuration.ts";
import { readPage } from "./pages.ts";

const PAGE = readPage("docs/alerts.md");
const EXAMPLE_KEY = /"(sk_your_server_key)"/g;
const rules = PAGE.blocks("toml").map(
  (text) => settingsOf(text.replaceAll(EXAMPLE_KEY, '"$1_8f3a9c2e71b04d55ac"')).alerts,
);
const twenty = rules.find(({ length }) => length === 20) ?? [];

describe("the page on alerts", () => {
  test("has twenty rules that load, of every kind, with and without groups", () => {
    expect(twenty.length).toBe(20);
    expect(new Set(twenty.map(({ kind }) => kind))).toEqual(new Set(RULE_KINDS));
    expect(twenty.filter(({ groupBy }) => groupBy !== undefined).length).toBeGreaterThan(3);
  });

  test("explains every kind", () => {
    expect(PAGE.names("kind").toSorted()).toEqual([...RULE_KINDS].toSorted());
  });
});
