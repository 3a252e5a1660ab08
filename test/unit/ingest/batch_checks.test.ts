import { describe, expect, test } from "bun:test";
import { hash } from "node:crypto";
import { type GroupMessage, NO_KEY } from "../../../src/core/group.ts";
import { BatchChecks } from "../../../src/ingest/batch_checks.ts";
import { RecentRequests } from "../../../src/ingest/retries/recent_requests.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { collidingName, differentNames, objectText } from "../../support/raw_collisions.ts";

const SERVER_KEY = "sk_0123456789abcdef";
const OTHER_KEY = "sk_other0123456789a";
const ROUTE = "/api/v1/enqueue";
const KEYS = [
  { project: "shop", name: "web shop", type: "server" },
  { project: "other", name: "other", type: "server" },
] as const;

function checksOf(liveTexts: readonly string[] = [SERVER_KEY, OTHER_KEY]): BatchChecks {
  const live = liveTexts.map((text, index) => ({
    index,
    sha256: hash("sha256", text, "hex"),
    origins: [],
    rate: undefined,
  }));
  return new BatchChecks({ keys: KEYS, live, entriesMax: 10 });
}

function requestsOf(): RecentRequests {
  return new RecentRequests({ windowMs: 600_000, requests: 100, clientShare: 0.5 }, "run", [1, 2]);
}

function bodyOf(key: string, ...messages: string[]): string {
  return JSON.stringify({ key, source: "server", entries: messages.map((message) => ({ message })) });
}

function groupOf(texts: readonly string[], rest: Partial<GroupMessage> = {}): GroupMessage {
  return {
    kind: "group",
    group: 1,
    numbers: texts.map((_, at) => at + 1),
    bodies: texts,
    protocols: texts.map(() => "enqueue"),
    keyIndexes: texts.map(() => NO_KEY),
    receivedAt: texts.map(() => 5),
    bytes: texts.map((text) => text.length),
    senders: texts.map(() => "sender"),
    origins: texts.map(() => null),
    routes: texts.map(() => ROUTE),
    idempotencyKeys: texts.map(() => null),
    admitted: 0,
    reportsChecked: false,
    disconnected: [],
    answeredUpTo: 0,
    ...rest,
  };
}

describe("the batches of a group", () => {
  test("are checked one by one: a fault of one batch refuses no other", () => {
    const texts = [
      bodyOf(SERVER_KEY, "a", "b"),
      "{",
      bodyOf("sk_unknown", "c"),
      bodyOf(OTHER_KEY, "d"),
      "",
      bodyOf(SERVER_KEY),
    ];
    const { batches, refused, entryCounts, lastBatch } = checksOf().checkGroup(groupOf(texts), requestsOf(), 5);
    expect(batches.map(({ number, key, body }) => [number, key.name, body.entries.length])).toEqual([
      [1, "web shop", 2],
      [4, "other", 1],
    ]);
    expect(refused.map(({ at, refusal }) => [at, refusal.refused])).toEqual([
      [1, "not_json"],
      [2, "key_unknown"],
      [4, "not_json"],
      [5, "invalid"],
    ]);
    expect([entryCounts, lastBatch]).toEqual([[2, 0, 0, 1, 0, 0], 6]);
  });

  test("are parsed one by one: two halves of a body around another batch are two bodies that do not parse", () => {
    const stranger = bodyOf(OTHER_KEY, "theirs");
    const first = `{"key":"${SERVER_KEY}","source":"server","entries":[{"message":"mine","metadata":{"a":["`;
    const second = `"]}}]}`;
    const { batches, refused } = checksOf().checkGroup(groupOf([first, stranger, second]), requestsOf(), 5);
    expect(batches.map(({ key, text }) => [key.name, text])).toEqual([["other", stranger]]);
    expect(refused.map(({ at, refusal }) => [at, refusal.refused])).toEqual([
      [0, "not_json"],
      [2, "not_json"],
    ]);
  });

  test("belong to the key in the parsed body, whichever key was found in the text", () => {
    const text = `{"key":"${SERVER_KEY}","source":"server","entries":[{}],"key":"${OTHER_KEY}"}`;
    const { batches } = checksOf().checkGroup(groupOf([text], { keyIndexes: [0] }), requestsOf(), 5);
    expect(batches.map(({ key }) => key.name)).toEqual(["other"]);
  });

  test("are not refused any more once they were admitted, even if their key was revoked since", () => {
    const checks = checksOf([]);
    const text = bodyOf(SERVER_KEY, "a");
    const { batches, refused } = checks.checkGroup(
      groupOf([text, text], { keyIndexes: [0, 0], admitted: 1 }),
      requestsOf(),
      5,
    );
    expect(batches.map(({ number }) => number)).toEqual([1]);
    expect(refused.map(({ at, refusal }) => [at, refusal.refused])).toEqual([[1, "key_unknown"]]);
  });

  test("may have lone surrogates only where their own text has an escape", () => {
    const texts = [bodyOf(SERVER_KEY, "a"), bodyOf(SERVER_KEY, "\u0001")];
    const { batches } = checksOf().checkGroup(groupOf(texts), requestsOf(), 5);
    expect(batches.map(({ mayHoldLoneSurrogates }) => mayHoldLoneSurrogates)).toEqual([false, true]);
  });
});

describe("the batches of another protocol", () => {
  const sentryGroup = (bodies: readonly string[], rest: Partial<GroupMessage> = {}) =>
    groupOf(bodies, {
      bodies: bodies.map((body) => new TextEncoder().encode(body)),
      protocols: bodies.map(() => "sentry" as const),
      keyIndexes: bodies.map(() => 0),
      routes: bodies.map(() => "/api/1/envelope/"),
      ...rest,
    });

  test("may have lone surrogates where their bytes have an escape: JSON comes as bytes too", () => {
    const bodies = ["\\ud800", "\\\\u", "\\n"].map((text) => `{}\n{"type":"event"}\n{"message":"${text}"}`);
    const { batches } = checksOf().checkGroup(sentryGroup(bodies), requestsOf(), 5);
    expect(batches.map(({ mayHoldLoneSurrogates }) => mayHoldLoneSurrogates)).toEqual([true, true, false]);
  });

  test("are decoded again once they were admitted, even if their texts would be refused now", () => {
    const random = seededRandom(runSeed("admitted names"));
    const names = objectText(differentNames(5_000, () => collidingName(random)));
    const body = `{}\n{"type":"event"}\n{"message":"m","extra":${names}}`;
    const checks = checksOf();
    expect(checks.checkGroup(sentryGroup([body]), requestsOf(), 5).batches[0]?.refusedRecords).toHaveLength(1);
    const { batches, refused } = checks.checkGroup(sentryGroup([body], { admitted: 1 }), requestsOf(), 5);
    expect([batches[0]?.body.entries.length, batches[0]?.refusedRecords.length, refused]).toEqual([1, 0, []]);
  });
});

test("a key that a reload revokes is unknown at once, even if it was used before", () => {
  const checks = checksOf();
  const known = requestsOf();
  const text = bodyOf(SERVER_KEY, "a");
  const unchecked = {
    body: text,
    protocol: "enqueue",
    keyIndex: NO_KEY,
    origin: null,
    receivedAt: 5,
    route: ROUTE,
    idempotencyKey: null,
  } as const;
  expect("refused" in checks.check(unchecked, known, 5)).toBe(false);
  checks.setRules({ keys: KEYS, live: [], entriesMax: 10 });
  expect(checks.check(unchecked, known, 5)).toEqual({ refused: "key_unknown" });
});
