// Texts with one hash of the engine cost ingestion about as much as other texts: as keys, as touchpoints, and as both,
// for every kind of entry that is looked up by them.

import { describe, expect, test } from "bun:test";
import type { Entry, Source } from "../../../../src/core/entry.ts";
import { normalise } from "../../../../src/ingest/entries/normalise.ts";
import { AmbiguousTouchpoints } from "../../../../src/ingest/pairing/ambiguous_pairs.ts";
import { TextHasher } from "../../../../src/ingest/pairing/keyed_hash.ts";
import { Pairing } from "../../../../src/ingest/pairing/pairing.ts";
import { cpuMsOf } from "../../../support/cpu_ratio.ts";
import { seededRandom } from "../../../support/random.ts";
import { collidingName, differentNames, ordinaryName } from "../../../support/raw_collisions.ts";
import { batchContext, NOW } from "../entries/batch_context.ts";
import { LIMITS } from "./desk.ts";

const COUNT = 10_000;
/** Colliding ones took over a hundred times as long in a Map. */
const RATIO_MAX = 10;

const MUCH = { ...LIMITS, openMax: 1e6, openBytesMax: 1e9, clientShare: 1 };
const IGNORED = { store: () => {}, absorb: () => {}, ambiguous: () => {} };
const SENDER = { project: "shop", keyType: "client", sender: 1 } as const;

const random = seededRandom(7);
const COLLIDING = differentNames(COUNT, () => collidingName(random));
const ORDINARY = differentNames(COUNT, () => ordinaryName(random));

/** The best of three. */
function ratio(work: (names: readonly string[]) => void): number {
  const best = (names: readonly string[]) => Math.min(...[1, 2, 3].map(() => cpuMsOf(() => work(names))));
  best(ORDINARY.slice(0, 1_000));
  return best(COLLIDING) / Math.max(1, best(ORDINARY));
}

function offerAll(names: readonly string[], entryOf: (name: string) => Entry[], type: Source = "client"): number {
  let settled = 0;
  const count = () => {
    settled++;
  };
  const sink = { store: count, absorb: count, ambiguous: () => {} };
  const memory = new Pairing(MUCH, [123, 456], sink);
  const context = batchContext();
  const sender = { project: "shop", keyType: type, sender: 1 };
  const lists = names.map(entryOf);
  for (let at = 0; at < (lists[0] as Entry[]).length; at++) {
    for (const list of lists) {
      const entry = normalise(list[at] as Entry, context);
      if (typeof entry !== "string" && entry.kind !== "log") memory.offer(entry, sender);
    }
  }
  memory.takeChanges();
  return settled;
}

test("the keyed hash distinguishes them", () => {
  const hasher = new TextHasher([3, 4]);
  expect(new Set(COLLIDING.map((name) => hasher.hash(name))).size).toBe(COUNT);
});

describe("10,000 texts of one engine hash", () => {
  const start = { startTime: NOW };
  const end = { endTime: NOW };
  test.each<[string, (name: string) => Entry[], Source]>([
    ["keys that wait", (key) => [{ key, ...start }], "client"],
    [
      "keys that pair",
      (key) => [
        { key, ...start },
        { key, ...end },
      ],
      "client",
    ],
    [
      "ends that come first",
      (key) => [
        { key, ...end },
        { key, ...start },
      ],
      "server",
    ],
    [
      "touchpoints that pair",
      (touchpoint) => [
        { touchpoint, ...start },
        { touchpoint, ...end },
      ],
      "client",
    ],
    [
      "touchpoints of one key",
      (touchpoint) => [
        { key: "k", touchpoint, ...start },
        { key: "k", touchpoint, ...end },
      ],
      "server",
    ],
    [
      "keys of one touchpoint",
      (key) => [
        { key, touchpoint: "t", ...start },
        { key, touchpoint: "t", ...end },
      ],
      "server",
    ],
    [
      "both at once",
      (name) => [
        { key: name, touchpoint: name, ...start },
        { key: name, ...end },
      ],
      "client",
    ],
    [
      "complete timings and their late starts",
      (key) => [
        { key, ...start, duration: 1 },
        { key, ...start },
      ],
      "server",
    ],
  ])("cost pairing about what others cost: %s", (_name, entryOf, type) => {
    expect(ratio((names) => offerAll(names, entryOf, type))).toBeLessThan(RATIO_MAX);
    if (entryOf("x").length === 2) expect(offerAll(COLLIDING, entryOf, type)).toBeGreaterThanOrEqual(COUNT);
  });

  test.each<[string, (name: string) => Entry]>([
    ["keys", (key) => ({ key, startTime: NOW })],
    ["touchpoints", (touchpoint) => ({ touchpoint, startTime: NOW })],
    ["values of metadata", (value) => ({ key: `long enough ${value}`, startTime: NOW, metadata: { value } })],
  ])("cost a restart about what others cost: %s of what waits", (_name, entryOf) => {
    const rowsOf = (names: readonly string[]) => {
      const memory = new Pairing(MUCH, [123, 456], IGNORED);
      for (const name of names) {
        const entry = normalise(entryOf(name), batchContext());
        if (typeof entry !== "string" && entry.kind !== "log") memory.offer(entry, SENDER);
      }
      return memory.takeChanges().added;
    };
    const rows = new Map<readonly string[], ReturnType<typeof rowsOf>>();
    for (const names of [COLLIDING, ORDINARY]) rows.set(names, rowsOf(names));
    const restore = (names: readonly string[]) => {
      const memory = new Pairing(MUCH, [123, 456], IGNORED);
      memory.restore(rows.get(names) ?? [], [], 0);
      if (rows.has(names)) expect(memory.openEntries).toBe(COUNT);
    };
    expect(ratio(restore)).toBeLessThan(RATIO_MAX);
  });

  test("cost the list of ambiguous touchpoints about what others cost", () => {
    const add = (names: readonly string[]) => {
      const touchpoints = new AmbiguousTouchpoints([123, 456], []);
      for (let round = 0; round < 20; round++) for (const name of names) touchpoints.add("shop", "client", name, NOW);
    };
    expect(ratio(add)).toBeLessThan(RATIO_MAX);
  });
});

test("50,000 pending starts of one name from as many senders pair with their ends without a walk over all", () => {
  const time = (count: number) => {
    const memory = new Pairing(
      { ...LIMITS, openMax: 1e6, openBytesMax: 1e9 },
      [1, 2],
      { store: () => {}, absorb: () => {}, ambiguous: () => {} },
      64,
    );
    const context = batchContext();
    const offer = (entry: Entry, sender: number) => {
      const normal = normalise(entry, context);
      if (typeof normal !== "string" && normal.kind !== "log")
        memory.offer(normal, { project: "shop", keyType: "server", sender });
    };
    for (let n = 0; n < count; n++) offer({ touchpoint: "t", startTime: NOW - (n % 1_000) }, n);
    const took = cpuMsOf(() => {
      for (let n = 0; n < count; n++) offer({ touchpoint: "t", endTime: NOW }, n % 2 === 0 ? n : -2 - n);
    });
    expect(memory.openEntries).toBe(0);
    return took;
  };
  time(5_000);
  const best = (count: number) => Math.min(...[1, 2, 3].map(() => time(count)));
  // Ten times as many; a walk over all would be a hundred times the work.
  const [few, many] = [best(5_000), best(50_000)];
  expect(many / Math.max(2, few)).toBeLessThan(40);
}, 30_000);
