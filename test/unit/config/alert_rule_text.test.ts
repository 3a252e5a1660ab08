// Rules as the app writes them: the same as an [[alerts]] table, with the member that a problem is about.

import { describe, expect, test } from "bun:test";
import { readRuleText } from "../../../src/config/alert_rule_text.ts";
import { settingsOf } from "../../support/configuration.ts";

const CONTEXT = { projects: ["shop", "simplelogs"], destinations: ["chat"] };
const KEYS = `[[keys]]\nname = "shop"\nproject = "shop"\nserver = "sk_0123456789abcdef01"\n`;
const CHAT = `[[destinations]]\nname = "chat"\ntype = "webhook"\nurl = "https://chat.example/x"\n`;

/** JSON's values in TOML are the same but for their order. */
const asToml = (rule: object) =>
  Object.entries(rule)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
    .join("");

describe("a rule of the app", () => {
  const rules: readonly object[] = [
    { name: "a", above: 3 },
    { name: "a", kind: "share", above: 0.05, of: "touchpoint:api/*", min: 0, group_by: "metadata.region" },
    { name: "a", kind: "percentile", above: "1.5s", resolve_below: "900ms", p: 99.9, project: "shop" },
    { name: "a", kind: "silence", window: "26h", every: "10m", severity: "critical", note: "Look.", notify: ["chat"] },
    { name: "a", kind: "running", window: "10m", for: "1m", keep: "2m", repeat: "4h" },
    { name: "ä 日", q: 'message:"a b" OR level:error', below: 5, resolve_above: 7 },
  ];
  test.each(rules)("%j is what the configuration makes of it", (text) => {
    const reading = readRuleText(text, CONTEXT);
    const [expected] = settingsOf(`${KEYS}${CHAT}[[alerts]]\n${asToml(text)}`).alerts;
    const { line, ...rule } = expected ?? {};
    expect(line).toBeGreaterThan(0);
    expect(reading).toEqual({ ok: true, text, rule } as never);
  });

  const refused: readonly (readonly [text: unknown, problem: object])[] = [
    [
      { name: "a", above: 1, q: "level:eror" },
      { member: "q", at: 6, message: expect.stringContaining("character 7") },
    ],
    [
      { name: "a", kind: "share", above: 0.1, of: "(a" },
      { member: "of", at: 0 },
    ],
    [
      { name: "a", above: 1, project: "shp" },
      { member: "project", message: expect.stringContaining('mean "shop"') },
    ],
    [
      { name: "a", above: 1, notify: ["chta"] },
      { member: "notify", message: expect.stringContaining('mean "chat"') },
    ],
    [{ name: "a" }, { message: 'a rule of kind "count" needs above or below' }],
    [{ above: 1 }, { member: "name", message: expect.stringContaining("is missing") }],
    [{ name: "", above: 1 }, { member: "name" }],
    [
      { name: "a", above: 1, windw: "5m" },
      { member: "windw", message: 'unknown name; did you mean "window"?' },
    ],
    [
      { name: "a", above: 1, window: 300 },
      { member: "window", message: expect.stringContaining("duration") },
    ],
    [{ name: "a", above: 1, window: "0s" }, { member: "window" }],
    [{ name: "a", above: null }, { member: "above" }],
    [{ name: "a", above: "5 parsecs" }, { member: "above" }],
    [{ name: "a", above: 5, resolve_below: 6 }, { member: "resolve_below" }],
    [{ name: "a", above: 1, notify: "chat" }, { member: "notify" }],
    [{ name: "a", above: 1, severity: "dire" }, { member: "severity" }],
    [JSON.parse('{"name": "a", "above": 1, "__proto__": {}}'), { member: "__proto__" }],
    [[], { message: "expected a rule, an object, received array" }],
    ["x", { message: "expected a rule, an object, received string" }],
    [null, { message: "expected a rule, an object, received null" }],
  ];
  test.each(refused)("%j is refused by name", (text, problem) => {
    const reading = readRuleText(text, CONTEXT);
    expect(reading.ok ? [] : reading.problems[0]).toMatchObject(problem);
  });

  test("expands no variable of the environment", () => {
    const reading = readRuleText({ name: "a", above: 1, note: "${HOME}" }, CONTEXT);
    expect(reading).toMatchObject({ ok: true, rule: { note: "${HOME}" } });
  });

  test("that is kept already may refer to what is gone", () => {
    const text = { name: "a", above: 1, project: "gone", notify: ["gone too"] };
    expect(readRuleText(text, undefined)).toMatchObject({ ok: true, rule: { project: "gone", notify: ["gone too"] } });
    expect(readRuleText({ ...text, above: "x" }, undefined).ok).toBe(false);
  });

  test("with any number of wrong names is refused at once", () => {
    const text = Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`wrong name ${index}`, 1]));
    const reading = readRuleText({ name: "a", ...text }, CONTEXT);
    expect(reading.ok ? 0 : reading.problems.length).toBe(10);
  });
});
