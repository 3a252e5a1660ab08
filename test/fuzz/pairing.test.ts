// Random starts, ends and complete timings, late clocks, expiries, limits, commits, failed commits and restarts:
// pairing against the model, outcome by outcome.

import { expect, test } from "bun:test";
import type { Entry, Source } from "../../src/core/entry.ts";
import { normalise, type TimingEntry } from "../../src/ingest/entries/normalise.ts";
import { Pairing, type PairingLimits } from "../../src/ingest/pairing/pairing.ts";
import { COMPLETED_KIND } from "../../src/ingest/pairing/recently_completed_chunks.ts";
import { integer, pick, type Random, runSeed, seededRandom } from "../support/random.ts";
import { batchContext, NOW } from "../unit/ingest/entries/batch_context.ts";
import { type Outcome, PairingModel } from "./pairing_model.ts";

const SCENARIOS = 2_000;
/** Thousands of entries under few names, so that every index has to split and merge. */
const CROWDS = 4;
const COMPLETED_MAX = 256;
const SECRET = [123, 456] as const;

/** The data file as pairing needs it: rows and journal parts, each written with its transaction or not at all. */
class Kept {
  readonly rows = new Map<number, string>();
  parts: { readonly kind: string; readonly receivedAt: number; readonly data: Uint8Array }[] = [];

  commit(memory: Pairing): void {
    const { added, removed, completed } = memory.takeChanges();
    for (const id of removed) expect(this.rows.delete(id)).toBe(true);
    for (const { id, item } of added) {
      expect(this.rows.has(id)).toBe(false);
      this.rows.set(id, item);
    }
    if (completed !== undefined) this.parts.push({ kind: COMPLETED_KIND, ...completed });
  }

  /** As a version left it that did not know senders. */
  forgetSenders(): void {
    for (const [id, item] of this.rows) {
      const { sender: _sender, ...rest } = JSON.parse(item) as { sender?: number };
      this.rows.set(id, JSON.stringify(rest));
    }
  }

  /** Rows by id, as the file gives them, and parts as views that begin anywhere. */
  restoreInto(memory: Pairing, deadlinesFrom: number): void {
    const rows = [...this.rows].sort(([one], [other]) => one - other).map(([id, item]) => ({ id, item }));
    const parts = this.parts.map(({ kind, data }) => {
      const shifted = new Uint8Array(data.length + 3);
      shifted.set(data, 3);
      return { kind, data: shifted.subarray(3) };
    });
    memory.restore(rows, parts, deadlinesFrom);
  }
}

interface Shape {
  readonly steps: number;
  readonly completes: number;
  readonly names: number;
  readonly times: number;
  readonly standalone: number;
  readonly projects: readonly string[];
  readonly types: readonly Source[];
  /** How many send with each type of key. */
  readonly senders: number;
}

function randomEntry(random: Random, shape: Shape, now: number, number: number): TimingEntry {
  const entry: Entry = { metadata: { [pick(random, ["a", "b", "__proto__x"])]: number, number } };
  if (random() < 0.6) entry.touchpoint = `t${integer(random, shape.names)}`;
  if (random() < 0.5) entry.key = `k${integer(random, shape.names)}`;
  if (random() < 0.2) entry.message = `m${number}`;
  if (random() < 0.2) entry.level = pick(random, ["info", "warn", "error", "debug"]);
  if (random() < 0.2) entry.timestamp = NOW + integer(random, 50);
  if (random() < shape.standalone) entry.standalone = true;
  const time = () => NOW + integer(random, shape.times);
  const kind = random();
  if (kind < 0.4) entry.startTime = time();
  else if (kind < 1 - shape.completes) entry.endTime = time();
  else {
    const start = time();
    const duration = integer(random, 5);
    const form = random();
    if (form < 0.4) Object.assign(entry, { startTime: start, endTime: start + duration });
    else if (form < 0.6) Object.assign(entry, { startTime: start, duration });
    else if (form < 0.8) Object.assign(entry, { endTime: start + duration, duration });
    // A monotonic clock's duration, and an end before the start.
    else if (form < 0.9) Object.assign(entry, { startTime: start, endTime: start - duration, duration });
    else Object.assign(entry, { timestamp: start + duration, duration });
  }
  const normal = normalise(entry, batchContext({ receivedAt: now, apiKey: pick(random, ["one", "two"]) }));
  if (typeof normal === "string" || normal.kind === "log")
    throw new Error(`expected a timing, not ${JSON.stringify(normal)}`);
  return normal;
}

function smallShape(random: Random): Shape {
  return {
    steps: integer(random, 60),
    completes: 0.25,
    names: integer(random, 3),
    times: pick(random, [3, 30]),
    standalone: pick(random, [0, 0.3]),
    projects: pick(random, [["shop"], ["shop", "blog"]]),
    types: pick(random, [["server"], ["client", "server"]] as const),
    senders: pick(random, [1, 3]),
  };
}

/** Without complete timings: of those one name's first few are searched only. */
function crowdShape(random: Random): Shape {
  const shape = { steps: 1_500, completes: 0, names: 0, times: 2_000, standalone: 0.1, projects: ["shop"], senders: 3 };
  return { ...shape, types: pick(random, [["server"], ["client", "server"]] as const) };
}

function runScenario(random: Random, shape: Shape): void {
  const isCrowd = shape.steps > 100;
  const limits: PairingLimits = {
    openMax: isCrowd ? 1_000 : pick(random, [3, 10, 1_000]),
    openBytesMax: 1e9,
    clientShare: pick(random, [0, 0.5, 1]),
    timeoutMs: isCrowd ? 1e6 : pick(random, [20, 1_000]),
    orphanGraceMs: isCrowd ? 1e6 : pick(random, [5, 500]),
  };
  const model = new PairingModel(limits);
  const outcomes: Outcome[] = [];
  const kept = new Kept();
  const begin = (deadlinesFrom: number): Pairing => {
    const memory = new Pairing(
      limits,
      SECRET,
      {
        store: (project, record, entries) => outcomes.push({ project, record, entries }),
        absorb: (project, start) => outcomes.push({ project, absorbed: start }),
        ambiguous: (project, keyType, ambiguous) => outcomes.push({ project, keyType, ambiguous }),
      },
      COMPLETED_MAX,
    );
    kept.restoreInto(memory, deadlinesFrom);
    return memory;
  };
  let memory = begin(0);
  let now = NOW;
  let startedFrom = 0;
  let offered = 0;
  for (let step = shape.steps; step >= 0; step--) {
    now += pick(random, [0, 0, 1, 4, 30]);
    const dice = random();
    if (dice < 0.1) {
      memory.expire(now);
      model.expire(now);
    } else if (dice < 0.2) {
      kept.commit(memory);
      const before = kept.parts.length;
      kept.parts = kept.parts.filter((part) => part.receivedAt >= memory.completedNeededSince(now));
      expect(kept.parts.length).toBeLessThanOrEqual(before);
    } else if (dice < 0.25) {
      kept.commit(memory);
      now += 1;
      startedFrom = now + limits.orphanGraceMs;
      if (random() < 0.2) {
        kept.forgetSenders();
        model.forgetSenders();
      }
      memory = begin(startedFrom);
      model.restart(startedFrom);
    } else if (dice < 0.3) {
      // A group whose commit fails: what the model never hears of must leave no trace.
      kept.commit(memory);
      const count = outcomes.length;
      const sender = { project: "shop", keyType: "server", sender: 1 } as const;
      for (let lost = 0; lost < 5; lost++) memory.offer(randomEntry(random, shape, now, -1), sender);
      outcomes.length = count;
      memory = begin(startedFrom);
    } else {
      const sent = randomEntry(random, shape, now, offered++);
      const project = pick(random, shape.projects);
      const keyType = pick(random, shape.types);
      const entry = { ...sent, keyType };
      const sender = {
        project,
        keyType,
        sender: 2 * integer(random, shape.senders - 1) + Number(keyType === "client"),
      };
      memory.offer(entry, sender);
      model.offer(entry, sender);
    }
    // Comparing all outcomes at each of many steps would take most of the time.
    if (!isCrowd) expect(outcomes).toEqual(model.outcomes);
    expect([outcomes.length, memory.openEntries]).toEqual([model.outcomes.length, model.openEntries]);
  }
  memory.expire(now + 1e7);
  model.expire(now + 1e7);
  expect(outcomes).toEqual(model.outcomes);
  expect([memory.openEntries, memory.nextDeadline()]).toEqual([0, Number.POSITIVE_INFINITY]);
  const settledBy = (outcome: Outcome) => ("absorbed" in outcome ? 1 : "entries" in outcome ? outcome.entries : 0);
  const settled = outcomes.reduce((sum, outcome) => sum + settledBy(outcome), 0);
  expect(settled).toBe(offered);
  kept.commit(memory);
  expect(kept.rows.size).toBe(0);
}

test("pairing does what the model does, in every order, across commits, failed commits and restarts", () => {
  const seed = runSeed("pairing");
  for (let scenario = 0; scenario < SCENARIOS; scenario++) {
    const random = seededRandom(seed + scenario);
    runScenario(random, smallShape(random));
  }
}, 180_000);

test("pairing does what the model does when thousands wait under one name", () => {
  const seed = runSeed("pairing, crowds");
  for (let scenario = 0; scenario < CROWDS; scenario++) {
    const random = seededRandom(seed + scenario);
    runScenario(random, crowdShape(random));
  }
}, 180_000);
