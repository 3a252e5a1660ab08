// An evaluator without a server: a list of records, a data file in memory that fails when a test says so, and clocks
// that a test sets.

import type { QueuedDelivery } from "../../src/alerts/delivery/queue.ts";
import { Evaluator } from "../../src/alerts/evaluator.ts";
import type { AlertRule } from "../../src/core/alert_rule.ts";
import type { AlertRecord, AlertRow } from "../../src/core/alerts.ts";
import type { ChangeOutcome, ChangeRequest } from "../../src/core/changes.ts";
import type { Notification } from "../../src/core/notification.ts";
import type { QueryOutcome, QueryRequest } from "../../src/core/queries.ts";
import { ManualSchedule } from "./manual_schedule.ts";

/** "lost": it is committed, and nobody learns of it. */
export type WriteFate = "done" | "failed" | "lost";

export interface TestRecord {
  readonly receivedAt: number;
  readonly group?: string;
  /** It was received before the clock was set back, though its time is yet to come. */
  readonly isOld?: boolean;
}

/** What is kept when a process dies. */
export class TestFile {
  rows = new Map<string, AlertRow>();
  readonly records: AlertRecord[] = [];
}

export class TestEvaluator {
  readonly file: TestFile;
  readonly schedule = new ManualSchedule();
  readonly evaluator: Evaluator;
  /** What was handed over, in order. */
  readonly queued: QueuedDelivery[] = [];
  readonly asked: QueryRequest[] = [];
  records: readonly TestRecord[] = [];
  /** Unix ms. */
  now: number;
  fateOf: () => WriteFate = () => "done";
  refusal: string | undefined;
  drained: () => Promise<void> = () => Promise.resolve();
  /** What happened, in order. */
  readonly steps: string[] = [];

  constructor(rules: readonly AlertRule[], now: number, file = new TestFile()) {
    this.now = now;
    this.file = file;
    this.evaluator = new Evaluator(
      {
        rules,
        queries: { query: (request) => Promise.resolve(this.#answer(request)) },
        changes: { change: (request) => Promise.resolve(this.#change(request)) },
        drained: () => {
          this.steps.push("drained");
          return this.drained();
        },
        clock: () => this.now,
        monotonic: this.schedule.clock,
        schedule: this.schedule.schedule,
        links: () => ({ url: "http://localhost:7070" }),
        queued: (deliveries) => {
          this.queued.push(...deliveries);
          this.steps.push("queued");
        },
        log: () => undefined,
      },
      [...file.rows.values()],
    );
    this.evaluator.start();
  }

  /** Lets seconds pass, one after the other, with all that they bring. */
  async pass(seconds: number): Promise<void> {
    for (; seconds > 0; seconds--) {
      this.now += 1_000;
      this.schedule.pass(1_000);
      await this.evaluator.settled();
    }
  }

  /** Seconds in which the whole process does not run, as under SIGSTOP; then its timers run. */
  async standStill(seconds: number): Promise<void> {
    this.now += seconds * 1_000;
    this.schedule.nowMs += seconds * 1_000;
    this.schedule.pass(0);
    await this.evaluator.settled();
  }

  /** What was told, in order: "firing errors", "resolved errors (touchpoint: a)". */
  get told(): string[] {
    return this.queued.map(({ notification }) => {
      const { state, rule, group } = notification as Notification;
      return `${state} ${rule}${group === undefined ? "" : ` ${group.value}`}`;
    });
  }

  #answer(request: QueryRequest): QueryOutcome<string> {
    if (request.kind === "latest_received") {
      const found = this.records
        .map(({ receivedAt, isOld = false }, index) => ({ receivedAt, isOld, id: index + 1 }))
        .filter(
          ({ receivedAt, isOld }) =>
            receivedAt > request.after && receivedAt <= request.upTo && (isOld || receivedAt <= this.now),
        );
      const latest = {
        receivedAt: Math.max(...found.map(({ receivedAt }) => receivedAt)),
        id: Math.max(...found.map(({ id }) => id)),
      };
      return { ok: true, answer: JSON.stringify({ latest: found.length === 0 ? null : latest }) };
    }
    this.asked.push(request);
    this.steps.push(request.kind);
    if (this.refusal !== undefined) return { ok: false, refusal: { code: "unavailable", message: this.refusal } };
    if (request.kind !== "measure") return { ok: true, answer: JSON.stringify({ entries: [], nextCursor: null }) };
    const { after, upTo, fromId = 0 } = request.received;
    const found = this.records.filter(
      ({ receivedAt }, index) => receivedAt > after && receivedAt <= upTo && index + 1 >= fromId,
    );
    const measured = (count: number) => ({ count, of: count, timings: count, percentile: count === 0 ? null : 1 });
    const values = new Set([...(request.groups?.known ?? []), ...found.flatMap(({ group }) => group ?? [])]);
    const groups = [...values].map((value) => ({
      value,
      ...measured(found.filter(({ group }) => group === value).length),
    }));
    return { ok: true, answer: JSON.stringify({ ...measured(found.length), groups }) };
  }

  #change(request: ChangeRequest): ChangeOutcome {
    if (request.kind === "read_alerts") return { ok: true, alerts: [...this.file.rows.values()] };
    if (request.kind !== "write_alerts") throw new Error(request.kind);
    const fate = this.fateOf();
    // Now and then until when rules were evaluated is noted alone.
    const isNote = request.write.put.every(({ kind, id }) => kind === "evaluated" && id === "");
    if (!isNote || request.write.put.length === 0) this.steps.push(`write ${fate}`);
    if (fate !== "failed") {
      for (const { kind, id } of request.write.remove) this.file.rows.delete(`${kind} ${id}`);
      for (const row of request.write.put) this.file.rows.set(`${row.kind} ${row.id}`, row);
      this.file.records.push(...request.write.records);
    }
    if (fate === "done") return { ok: true };
    return { ok: false, refusal: { code: "unavailable", message: "the disk is full" } };
  }
}
