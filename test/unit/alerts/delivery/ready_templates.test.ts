// What Slack, Discord, ntfy and e-mail are sent: within their bounds, and with nothing of a record that they would read
// as their own.

import { describe, expect, test } from "bun:test";
import { emailOf } from "../../../../src/alerts/delivery/email.ts";
import {
  formatValue,
  headlineOf,
  membersOf,
  sentenceOf,
  templateValues,
} from "../../../../src/alerts/delivery/message.ts";
import type { Summary } from "../../../../src/alerts/delivery/queue.ts";
import { readyRequest } from "../../../../src/alerts/delivery/ready_templates.ts";
import { READY_TEMPLATES, TEMPLATE_NAMES } from "../../../../src/core/destination.ts";
import { notification, TOLD_AT } from "../../../support/notifications.ts";

const URL_OF = new URL("https://hooks.example.com/topic");
const EVIL =
  "<!channel> <@U123> <http://evil.example|click> @everyone ``` **b** [a](http://evil.example) \r\n\u0007\ud800";

function long(length: number) {
  const text = `${EVIL}${"é".repeat(length)}`;
  return notification({
    rule: text,
    note: text,
    query: text,
    group: { field: "message", value: text },
    samples: [1, 2, 3].map((id) => ({
      id,
      time: TOLD_AT,
      level: "error",
      touchpoint: text,
      message: text,
      url: "https://a.example",
    })),
  });
}

const SUMMARY: Summary = {
  id: "s.1",
  state: "summary",
  notifications: Array.from({ length: 100 }, (_, index) =>
    notification({ rule: `${EVIL} ${index}`, state: index % 2 === 0 ? "firing" : "resolved", samples: [] }),
  ),
  replaced: 130,
  at: TOLD_AT,
};

/** Every text in a value. */
function textsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

describe("a ready template", () => {
  test("stays within the bounds of its service, however long texts are", () => {
    for (const told of [notification(), long(10_000), long(500_000), SUMMARY]) {
      const slack = readyRequest("slack", URL_OF, told).body as {
        readonly text: string;
        readonly blocks: readonly { readonly type: string; readonly text?: { readonly text: string } }[];
      };
      expect(slack.blocks.length).toBeLessThanOrEqual(50);
      for (const { type, text } of slack.blocks)
        expect((text?.text ?? "x").length).toBeWithin(1, type === "header" ? 151 : 3_001);
      const discord = readyRequest("discord", URL_OF, told).body as {
        readonly embeds: readonly [{ readonly title: string; readonly description: string }];
      };
      expect(discord.embeds[0].title.length).toBeLessThanOrEqual(256);
      expect(discord.embeds[0].description.length).toBeLessThanOrEqual(4_096);
      const ntfy = readyRequest("ntfy", URL_OF, told).body as { readonly message: string };
      expect(Buffer.byteLength(ntfy.message)).toBeLessThanOrEqual(4_096);
      expect(emailOf({ from: "a@b.example", to: ["c@d.example"] }, told, TOLD_AT).subject.length).toBeLessThanOrEqual(
        200,
      );
    }
  });

  test("of Slack has texts of records as plain text only, and escapes the one that is not", () => {
    const { text, blocks } = readyRequest("slack", URL_OF, long(1)).body as {
      readonly text: string;
      readonly blocks: readonly { readonly text?: { readonly type: string } }[];
    };
    expect(text).not.toMatch(/[<>]/);
    expect(blocks.filter((block) => block.text !== undefined).map((block) => block.text?.type)).not.toContain("mrkdwn");
  });

  test("of Discord mentions nobody, and leaves its block of code nowhere", () => {
    for (const told of [long(1), SUMMARY]) {
      const body = readyRequest("discord", URL_OF, told).body as {
        readonly allowed_mentions: unknown;
        readonly embeds: readonly [{ readonly description: string }];
      };
      expect(body.allowed_mentions).toEqual({ parse: [] });
      expect(body.embeds[0].description.match(/```/g)).toHaveLength(2);
    }
  });

  test("holds no control character of a record, and no link but to a web page", () => {
    for (const template of READY_TEMPLATES) {
      const { body } = readyRequest(template, URL_OF, { ...long(1), url: "javascript:alert(1)" });
      for (const text of textsOf(body)) expect(text).not.toMatch(/[^\P{Cc}\n]/u);
      expect(JSON.stringify(body)).not.toContain("javascript:");
    }
  });

  test("says what is resolved, what fires still, and what is a test", () => {
    for (const state of ["firing", "repeat", "resolved", "test"] as const) {
      const shown = READY_TEMPLATES.map((template) =>
        JSON.stringify(readyRequest(template, URL_OF, notification({ state })).body),
      );
      for (const text of shown) expect(text).toContain(headlineOf(notification({ state })).split(":")[0] as string);
    }
  });
});

describe("every placeholder", () => {
  test("has a text and a value, of notifications and summaries", () => {
    for (const told of [notification(), notification({ kind: "silence", state: "test" }), SUMMARY]) {
      const values = templateValues(told);
      expect(Object.keys(values).toSorted()).toEqual([...TEMPLATE_NAMES].toSorted());
      for (const { text, value } of Object.values(values)) {
        expect(typeof text).toBe("string");
        expect(JSON.stringify(value)).toBeString();
      }
    }
  });

  test("is bounded", () => {
    expect(JSON.stringify(templateValues(long(1_000_000))).length).toBeLessThan(30_000);
    expect(JSON.stringify(membersOf(long(1_000_000))).length).toBeLessThan(30_000);
    expect(JSON.stringify(membersOf(SUMMARY)).length).toBeLessThan(200_000);
  });
});

test("a value is shown with its unit", () => {
  expect([
    formatValue(12, "count"),
    formatValue(0.125, "share"),
    formatValue(850.123, "percentile"),
    formatValue(12_345, "percentile"),
  ]).toEqual(["12", "12.5 %", "850.1 ms", "12.35 s"]);
});

test("one record is not several", () => {
  const sentences = [0, 1, 2].map((value) => sentenceOf(notification({ value })).split(" in ")[0]);
  expect(sentences).toEqual(["0 records", "1 record", "2 records"]);
  expect(sentenceOf(notification({ kind: "running", value: 1 }))).toStartWith("1 open timing in");
  expect(sentenceOf(notification({ kind: "share", value: 1 }))).toStartWith("100 % of the records in");
});
