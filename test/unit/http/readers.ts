// Readers and a writer that write down what they were asked and answer what the test says.

import type { ChangeOutcome, ChangeRequest, ChangeService } from "../../../src/core/changes.ts";
import type { KeyChange, KeyChangeOutcome, KeyChangeService } from "../../../src/core/key_changes.ts";
import type {
  ExportRequest,
  QueryOutcome,
  QueryRefusal,
  QueryRequest,
  QueryResponses,
  QueryService,
  TailEvent,
  TailRequest,
} from "../../../src/core/queries.ts";
import type { ShownRecord } from "../../../src/core/record.ts";

const FIGURES = {
  count: 2,
  min: 10,
  mean: 15.5,
  max: 21,
  p50: 10,
  p75: 10,
  p90: 10,
  p95: 10,
  p99: 10,
  running: 1,
  unfinished: 0,
};
const NO_FIGURES = {
  ...FIGURES,
  count: 0,
  min: null,
  mean: null,
  max: null,
  p50: null,
  p75: null,
  p90: null,
  p95: null,
  p99: null,
};

export const LOG: ShownRecord = {
  id: 7,
  project: "shop",
  apiKey: "web shop",
  kind: "log",
  time: 1_718_900_000_000.5,
  receivedAt: 1_718_900_000_107,
  source: "client",
  level: "warn",
  message: "line\nbreak",
};

export const TIMING: ShownRecord = {
  id: 421,
  project: "shop",
  apiKey: "web shop",
  kind: "timing",
  status: "completed",
  time: 1_718_900_000_000,
  receivedAt: 1_718_900_000_107,
  source: "server",
  touchpoint: "db/query/products",
  key: "req-abc123",
  level: "info",
  startTime: 1_718_900_000_000,
  endTime: 1_718_900_000_042,
  duration: 42,
  metadata: { rowsReturned: 128, nested: { list: [null, true, "x"] } },
};

/** One answer of each kind, with every form that its members can have. */
export const ANSWERS: QueryResponses = {
  entries: { entries: [TIMING, LOG], nextCursor: null, stoppedEarly: "after 10 s: up to …", damagedBlocks: 1 },
  trace: {
    records: [TIMING],
    isCutBefore: true,
    isCutAfter: false,
    running: [{ project: "shop", apiKey: "web shop", source: "server", startTime: 1, receivedAt: 2 }],
    moreRunning: 3,
  },
  latest_received: { latest: null },
  measure: { count: 1, of: 2, timings: 0, percentile: null },
  rule_series: { from: 0, evaluations: 0, series: [], points: [], firstReceivedAt: null },
  histogram: { interval: 60_000, buckets: [{ time: 0, debug: 0, info: 1, warn: 2, error: 3, timing: 4 }] },
  timings: {
    more: 3,
    touchpoints: [
      { project: "shop", touchpoint: "", registered: false, ambiguous: 0, ...NO_FIGURES },
      { project: "shop", touchpoint: "db", registered: true, ambiguous: 4, ...FIGURES },
    ],
    registering: ["shop"],
  },
  series: {
    interval: 60_000,
    durationBounds: [10, 20, 40],
    buckets: [
      { time: 0, ...FIGURES, durations: [1, 1] },
      { time: 60_000, ...NO_FIGURES },
    ],
    more: 1,
    touchpoints: [{ project: "shop", touchpoint: "db", buckets: [{ time: 0, ...FIGURES }] }],
  },
  running: {
    running: [
      { project: "shop", apiKey: "web shop", source: "server", startTime: 1, receivedAt: 2 },
      {
        project: "shop",
        apiKey: "web shop",
        source: "client",
        touchpoint: "db",
        key: "k",
        message: "m",
        startTime: 1,
        receivedAt: 2,
        metadata: {},
      },
    ],
    count: 2,
  },
  fields: { more: 2, fields: [{ name: "metadata.orderId", count: 3 }] },
  values: {
    field: "metadata.x",
    values: ["a", 1.5, true, null].map((value) => ({ value, count: 1 })),
    count: 4,
    more: false,
  },
  breakdown: {
    found: 2,
    others: 4,
    more: 1,
    fields: [
      {
        field: "level",
        count: 2,
        more: 0,
        values: ["a", 1.5, true, null].map((value) => ({
          value,
          count: 1,
          share: 0.5,
          otherCount: 1,
          otherShare: 0.25,
        })),
      },
    ],
  },
  patterns: {
    interval: 60_000,
    start: 0,
    patterns: [
      {
        pattern: "order <num>",
        count: 3,
        previous: 0,
        first: 1,
        last: 2,
        levels: { debug: 0, info: 1, warn: 2, error: 0 },
        counts: [3],
        example: { id: 7, message: "order 1" },
      },
    ],
    count: 4,
    more: 1,
    previous: { from: -60_000, to: 0, kept: "part", keptFrom: -30_000 },
  },
  markers: { markers: [{ id: 7, project: "shop", time: 5, label: "build 7" }], more: false },
  touchpoints: {
    more: 0,
    touchpoints: [{ project: "shop", name: "db", registered: true, firstSeen: 5 }],
    tree: [{ project: "shop", children: [{ name: "db", path: "db", registered: true, firstSeen: 5, children: [] }] }],
  },
  usage: {
    usage: [
      {
        project: "shop",
        month: "2026-11",
        received: 10,
        stored: 8,
        admitted: 8,
        dropped: { empty: 1, quota: 1 },
        limit: null,
        overage: 0,
        overagePolicy: "continue",
        ambiguous: 4,
        bytes: 1234,
      },
    ],
    storage: [
      { project: "shop", records: 8, blocks: 1, bytes: 1234, retentionMs: 1, oldest: 1, newest: 2 },
      { project: "empty", records: 0, blocks: 0, bytes: 0, retentionMs: 1, oldest: null, newest: null },
    ],
  },
  rejections: {
    more: false,
    rejections: [
      {
        id: 1,
        project: "shop",
        apiKey: "web shop",
        receivedAt: 3,
        reason: "too_old",
        hint: "1718900000 is 1970-01-20: did you send seconds?",
        entry: { timestamp: 1_718_900_000 },
      },
    ],
  },
  views: {
    views: [
      { id: 8, name: "Errors", project: null, address: "/logs?q=level:error", changedAt: 5 },
      { id: 7, name: "Slow", project: "shop", address: "/timings", changedAt: 6.5 },
    ],
  },
  keys: {
    keys: [
      { name: "web shop", type: "server", created: 1, lastUsed: 2 },
      { name: "web shop", type: "client", created: 1, lastUsed: null },
    ],
  },
};

export class FakeReaders implements QueryService, ChangeService {
  readonly asked: (QueryRequest | ExportRequest | TailRequest)[] = [];
  readonly changed: ChangeRequest[] = [];
  readonly signals: AbortSignal[] = [];
  /** What every question is refused with. */
  refusal: QueryRefusal | undefined;
  changeOutcome: ChangeOutcome = { ok: true };
  /** In place of ANSWERS. */
  askAnswer: ((request: QueryRequest, signal: AbortSignal) => Promise<QueryOutcome<string>>) | undefined;
  exported: (signal: AbortSignal) => AsyncIterable<string> = async function* () {};
  tailed: (signal: AbortSignal) => AsyncIterable<readonly TailEvent[]> = async function* () {};

  async query(request: QueryRequest, signal: AbortSignal): Promise<QueryOutcome<string>> {
    this.#note(request, signal);
    if (this.askAnswer !== undefined) return this.askAnswer(request, signal);
    return this.#outcome(JSON.stringify(ANSWERS[request.kind]));
  }

  async export(request: ExportRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<string>>> {
    this.#note(request, signal);
    return this.#outcome(this.exported(signal));
  }

  async tail(request: TailRequest, signal: AbortSignal): Promise<QueryOutcome<AsyncIterable<readonly TailEvent[]>>> {
    this.#note(request, signal);
    return this.#outcome(this.tailed(signal));
  }

  async change(request: ChangeRequest): Promise<ChangeOutcome> {
    this.changed.push(request);
    return this.changeOutcome;
  }

  #note(request: QueryRequest | ExportRequest | TailRequest, signal: AbortSignal): void {
    this.asked.push(request);
    this.signals.push(signal);
  }

  #outcome<T>(answer: T): QueryOutcome<T> {
    return this.refusal === undefined ? { ok: true, answer } : { ok: false, refusal: this.refusal };
  }
}

/** Key changes that are written down, and end as the test says. */
export class FakeKeyChanges implements KeyChangeService {
  readonly changed: KeyChange[] = [];
  outcome: KeyChangeOutcome = { ok: true, isChanged: true, created: undefined };
  /** Why the file cannot be written. */
  why: string | undefined;

  async change(change: KeyChange): Promise<KeyChangeOutcome> {
    this.changed.push(change);
    return this.outcome;
  }

  async obstacle(): Promise<string | undefined> {
    return this.why;
  }
}
