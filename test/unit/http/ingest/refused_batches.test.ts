// The memory of refused batches: what is one group, what makes room, and the counts by hour.

import { describe, expect, test } from "bun:test";
import { KEYED_REFUSALS_MAX, REFUSAL_TEXT_LENGTH_MAX, STRANGERS_REFUSALS_MAX } from "../../../../src/core/limits.ts";
import {
  KEY_UNKNOWN,
  malformedBody,
  ORIGIN_REFUSED,
  TOO_LARGE,
  unavailable,
} from "../../../../src/http/base/responses.ts";
import { type RefusedBatch, RefusedBatches } from "../../../../src/http/ingest/refused_batches.ts";
import { integer, runSeed, seededRandom } from "../../../support/random.ts";
import { knownKey, ORIGIN, PAIRS } from "../fixture.ts";

const HOUR_MS = 3_600_000;
const NOW = 472_222 * HOUR_MS;
const SHOP = { apiKey: knownKey("ck_any", "client", "web shop", [ORIGIN]).apiKey };
const OTHER = { apiKey: { ...SHOP.apiKey, name: "other", project: "blog" } };

const STRANGER: RefusedBatch = {
  response: KEY_UNKNOWN,
  key: { masked: "sk_abcd…" },
  protocol: "enqueue",
  origin: null,
  address: "192.0.2.1",
};

function listOf(refused: RefusedBatches, now = NOW, project?: string) {
  return refused.list({ project, limit: 1_000, pairs: PAIRS, now });
}

describe("groups", () => {
  test("are batches with the same reason, key, protocol and origin; each has its latest senders", () => {
    const refused = new RefusedBatches(NOW - HOUR_MS);
    for (const [at, address] of ["::1", "192.0.2.1", "::1", "a::1", "a::2", "a::3", "a::4"].entries()) {
      refused.add({ ...STRANGER, address }, NOW + at);
    }
    const { refusals, ...rest } = listOf(refused);
    expect(refusals).toEqual([
      {
        status: 401,
        reason: "key_unknown",
        problem: null,
        hint: expect.stringContaining("Compare it") as never,
        apiKey: null,
        keyType: null,
        masked: "sk_abcd…",
        isRevoked: false,
        project: null,
        protocol: "enqueue",
        origin: null,
        addresses: ["a::4", "a::3", "a::2", "a::1", "::1"],
        count: 7,
        lastDay: 7,
        first: NOW,
        last: NOW + 6,
      },
    ]);
    expect(rest).toMatchObject({ since: NOW - HOUR_MS, forgotten: 0, more: 0 });
  });

  test("differ by each of these, and come latest first", () => {
    const refused = new RefusedBatches(NOW);
    const others: Partial<RefusedBatch>[] = [
      {},
      { response: TOO_LARGE },
      { key: undefined },
      { key: { masked: "sk_efgh…" } },
      { key: SHOP },
      { protocol: "loki" },
      { origin: ORIGIN },
    ];
    for (const [at, other] of others.entries()) refused.add({ ...STRANGER, ...other }, NOW + at);
    const shown = listOf(refused).refusals;
    expect(shown.map(({ last }) => last - NOW)).toEqual([6, 5, 4, 3, 2, 1, 0]);
    expect(shown[2]).toMatchObject({ apiKey: "web shop", keyType: "client", project: "shop", masked: null });
  });

  test("without a reason are none", () => {
    const refused = new RefusedBatches(NOW);
    refused.add({ ...STRANGER, response: { status: 202, message: "", body: "" } }, NOW);
    expect(listOf(refused).refusals).toEqual([]);
  });

  test("of a project are those of its keys, and those that look like its revoked keys", () => {
    const refused = new RefusedBatches(NOW);
    refused.add({ ...STRANGER, key: SHOP, response: ORIGIN_REFUSED }, NOW);
    refused.add({ ...STRANGER, key: OTHER, response: ORIGIN_REFUSED }, NOW);
    refused.add({ ...STRANGER, key: { masked: "sk_old0…" } }, NOW);
    refused.add({ ...STRANGER, key: { masked: "sk_…" } }, NOW);
    const ofProject = (project: string) => listOf(refused, NOW, project).refusals;
    expect(ofProject("shop").map(({ apiKey }) => apiKey)).toEqual(["web shop"]);
    expect(ofProject("default")).toMatchObject([
      { apiKey: "old", masked: "sk_old0…", isRevoked: true, hint: expect.stringContaining("revoked") },
    ]);
    expect(listOf(refused).refusals).toHaveLength(4);
  });

  test("past the limit are counted", () => {
    const refused = new RefusedBatches(NOW);
    for (const masked of ["sk_a…", "sk_b…", "sk_c…"]) refused.add({ ...STRANGER, key: { masked } }, NOW);
    const list = refused.list({ project: undefined, limit: 2, pairs: [], now: NOW });
    expect([list.refusals.length, list.more]).toEqual([2, 1]);
  });

  test("hold short texts without keys", () => {
    const refused = new RefusedBatches(NOW);
    const origin = `https://sk_0123456789abcdefgh.${"x".repeat(9_000)}`;
    refused.add(
      { ...STRANGER, origin, response: malformedBody(`metadata.ck_0123456789abcdefgh ${"y".repeat(9_000)}`) },
      NOW,
    );
    const [row] = listOf(refused).refusals;
    expect(row?.origin?.length).toBeLessThanOrEqual(REFUSAL_TEXT_LENGTH_MAX + 1);
    expect(row?.problem?.length).toBe(REFUSAL_TEXT_LENGTH_MAX + 1);
    expect(JSON.stringify(row)).not.toContain("0123456789");
  });
});

describe("a flood", () => {
  const made = (at: number) => ({ masked: `sk_${at}…` });

  test("of made-up keys from one address pushes out its own groups, and no other's", () => {
    const refused = new RefusedBatches(NOW);
    refused.add({ ...STRANGER, key: SHOP, response: TOO_LARGE }, NOW);
    refused.add({ ...STRANGER, address: "198.51.100.7", key: { masked: "sk_old0…" } }, NOW);
    for (let at = 0; at < 2_000; at++) refused.add({ ...STRANGER, key: made(at) }, NOW + 1 + at);
    const { refusals, forgotten } = listOf(refused);
    expect(refusals.map(({ apiKey }) => apiKey).filter((name) => name !== null)).toEqual(["old", "web shop"]);
    expect(refusals).toHaveLength(STRANGERS_REFUSALS_MAX + 1);
    expect(refusals[0]?.last).toBe(NOW + 2_000);
    expect(forgotten).toBe(2_001 - STRANGERS_REFUSALS_MAX);
  });

  test("from one IPv6 network counts as from one address", () => {
    const refused = new RefusedBatches(NOW);
    refused.add({ ...STRANGER, address: "198.51.100.7", key: { masked: "sk_old0…" } }, NOW);
    for (let at = 0; at < 2_000; at++) {
      const address = at % 2 === 0 ? `2001:db8::${at.toString(16)}` : `2001:db8::1:2:3:${at.toString(16)}`;
      refused.add({ ...STRANGER, key: made(at), address }, NOW + 1 + at);
    }
    expect(listOf(refused).refusals.some(({ isRevoked }) => isRevoked)).toBe(true);
  });

  test("from many addresses leaves what live keys sent", () => {
    const refused = new RefusedBatches(NOW);
    refused.add({ ...STRANGER, key: SHOP, response: TOO_LARGE }, NOW);
    for (let at = 0; at < 2_000; at++) {
      refused.add({ ...STRANGER, key: made(at), address: `10.0.${at >> 8}.${at & 255}` }, NOW);
    }
    expect(listOf(refused, NOW, "shop").refusals).toHaveLength(1);
    expect(listOf(refused).refusals).toHaveLength(STRANGERS_REFUSALS_MAX + 1);
  });

  test("of made-up origins with one key, from any address, leaves other keys' groups", () => {
    const refused = new RefusedBatches(NOW);
    refused.add({ ...STRANGER, key: OTHER, response: TOO_LARGE }, NOW);
    for (let at = 0; at < 2_000; at++) {
      const sender = { origin: `https://${at}.example`, address: `10.0.${at >> 8}.${at & 255}` };
      refused.add({ ...STRANGER, ...sender, key: SHOP, response: ORIGIN_REFUSED }, NOW);
    }
    expect(listOf(refused, NOW, "blog").refusals).toHaveLength(1);
    expect(listOf(refused).refusals).toHaveLength(KEYED_REFUSALS_MAX);
  });

  test("of anything leaves what goes on, and every batch is in the counts by hour", () => {
    const random = seededRandom(runSeed("refused batches"));
    const refused = new RefusedBatches(NOW);
    let sent = 0;
    for (let at = 0; at < 20_000; at++) {
      const address = `10.0.0.${integer(random, 255)}`;
      refused.add({ ...STRANGER, key: made(integer(random, 5_000)), address, origin: `o${integer(random, 9)}` }, NOW);
      sent++;
      if (at % 100 !== 0) continue;
      refused.add({ ...STRANGER, response: unavailable(1), key: SHOP }, NOW);
      sent++;
    }
    const { refusals, hours, forgotten } = listOf(refused);
    expect(refusals.find(({ status }) => status === 503)?.count).toBe(200);
    expect(refusals.reduce((sum, { count }) => sum + count, forgotten)).toBe(sent);
    expect(hours.at(-1)).toEqual({ time: NOW, refused: { 401: 20_000, 503: 200 } });
  });
});

describe("counts by hour", () => {
  test("are of the last 24 hours, the current one last", () => {
    const refused = new RefusedBatches(NOW);
    refused.add(STRANGER, NOW);
    refused.add({ ...STRANGER, response: TOO_LARGE }, NOW + HOUR_MS - 1);
    refused.add(STRANGER, NOW + 5 * HOUR_MS);
    const { hours, refusals } = listOf(refused, NOW + 23.5 * HOUR_MS);
    expect(hours).toHaveLength(24);
    expect(hours.filter(({ refused }) => Object.keys(refused).length > 0)).toEqual([
      { time: NOW, refused: { 401: 1, 413: 1 } },
      { time: NOW + 5 * HOUR_MS, refused: { 401: 1 } },
    ]);
    expect(refusals.map(({ count, lastDay }) => [count, lastDay])).toEqual([
      [2, 2],
      [1, 1],
    ]);
    const later = listOf(refused, NOW + 24 * HOUR_MS);
    expect(later.hours.flatMap(({ refused }) => Object.values(refused))).toEqual([1]);
    expect(later.refusals.map(({ count, lastDay }) => [count, lastDay])).toEqual([
      [2, 1],
      [1, 0],
    ]);
  });

  test("begin anew after more than a day without any", () => {
    const refused = new RefusedBatches(NOW);
    for (const hours of [0, 3, 27, 27 + 24 * 30]) refused.add(STRANGER, NOW + hours * HOUR_MS);
    const { hours, refusals } = listOf(refused, NOW + (27 + 24 * 30) * HOUR_MS);
    expect(hours.flatMap(({ refused }) => Object.values(refused))).toEqual([1]);
    expect(refusals).toMatchObject([{ count: 4, lastDay: 1 }]);
  });

  test("go on when the clock was far ahead, or is set back a little", () => {
    const refused = new RefusedBatches(NOW);
    refused.add(STRANGER, NOW + 9_999 * HOUR_MS);
    refused.add(STRANGER, NOW);
    refused.add(STRANGER, NOW - HOUR_MS);
    const counts = listOf(refused).hours.map(({ refused }) => refused[401] ?? 0);
    expect(counts.slice(-2)).toEqual([1, 1]);
    expect(listOf(refused).refusals).toMatchObject([{ count: 3, lastDay: 2 }]);
  });
});
