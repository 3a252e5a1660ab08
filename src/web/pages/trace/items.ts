// The records and running starts of a trace as the spans that the page draws. A response enters, items leave.

import type { ShownRecord } from "../../../core/record.ts";
import type { RunningTiming, TraceResponse } from "../../../core/responses.ts";
import type { DetailedRecord } from "../logs/record_details.tsx";
import type { Span } from "./nesting.ts";

/**
 * How a timing ended: "running" has not yet, "unfinished" never did, "orphaned" has no start, "mark" is a start that
 * is stored again with its end.
 */
export type ItemState = "ended" | "running" | "unfinished" | "orphaned" | "mark";

/** A record or a running start, with its place in time. */
export interface Item extends Span {
  /** In the address: the record's id, or "start-", a running start's time and its index. */
  readonly id: string;
  readonly state: ItemState;
  /** The touchpoint, else the message. "": neither. */
  readonly name: string;
  /** "": none beside the name. */
  readonly message: string;
  readonly level: ShownRecord["level"];
  readonly record: DetailedRecord;
}

/**
 * The items of a trace. Timings without an end last until the trace's last instant; running ones until `now`, in Unix
 * ms.
 */
export function itemsOf({ records, running }: Pick<TraceResponse, "records" | "running">, now: number): Item[] {
  const others = [...records.filter(({ status }) => status === "completed"), ...running];
  const known = [...records.map((record) => itemOf(record, others)), ...running.map(runningItem)];
  const last = known.reduce(
    (most, { end }) => Math.max(most, end),
    running.length > 0 ? now : Number.NEGATIVE_INFINITY,
  );
  return known.map((item) => (item.state === "running" || item.state === "unfinished" ? { ...item, end: last } : item));
}

type Start = Pick<ShownRecord, "project" | "touchpoint" | "startTime">;

function itemOf(record: ShownRecord, others: readonly Start[]): Item {
  const { id, kind, time, startTime, endTime, duration, level, metadata } = record;
  const isLog = kind === "log";
  const state = stateOf(record, others);
  const start = isLog ? time : (startTime ?? (state === "ended" ? time : (endTime ?? time)));
  const end = state !== "ended" || isLog ? start : start + Math.max(0, duration ?? (endTime ?? start) - start);
  return {
    id: String(id),
    isLog,
    state,
    ...namesOf(record),
    level,
    record,
    start,
    end,
    ...idsOf(metadata),
  };
}

function stateOf(record: ShownRecord, others: readonly Start[]): ItemState {
  const { kind, status } = record;
  if (kind === "log" || status === "completed") return "ended";
  if (status === "orphaned" || status === "unfinished") return status;
  return others.some((other) => START_FIELDS.every((field) => other[field] === record[field])) ? "mark" : "unfinished";
}

/** What a start that was stored at once has in common with the timing that it became. */
const START_FIELDS = ["project", "touchpoint", "startTime"] as const;

function runningItem(timing: RunningTiming, index: number): Item {
  const { startTime, metadata } = timing;
  return {
    id: `start-${startTime}-${index}`,
    isLog: false,
    state: "running",
    ...namesOf(timing),
    level: undefined,
    record: { ...timing, kind: "timing", time: startTime },
    start: startTime,
    end: startTime,
    ...idsOf(metadata),
  };
}

function namesOf({ touchpoint = "", message = "" }: Pick<RunningTiming, "touchpoint" | "message">) {
  return touchpoint === "" ? { name: message, message: "" } : { name: touchpoint, message };
}

/** The ids by which spans name themselves and their parents. */
function idsOf(metadata: ShownRecord["metadata"]): Pick<Span, "spanId" | "parentSpanId"> {
  return { spanId: idOf(metadata?.["spanId"]), parentSpanId: idOf(metadata?.["parentSpanId"]) };
}

function idOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && !/^0+$/.test(value) ? value : undefined;
}
