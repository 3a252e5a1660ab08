// The records that timings become. In: normalised starts, ends and complete timings. Out: records without an id.

import type { Source } from "../../core/entry.ts";
import type { TimingStatus } from "../../core/record.ts";
import { mergeMetadata } from "../metadata.ts";
import type { CompleteEntry, EndEntry, NewRecord, StartEntry } from "../normalise.ts";

/** A start or an end by itself, under the status that it has come to. */
export function loneRecord(entry: StartEntry | EndEntry, status: Exclude<TimingStatus, "completed">): NewRecord {
  return {
    kind: status,
    time: entry.time,
    receivedAt: entry.receivedAt,
    source: entry.source,
    keyType: entry.keyType,
    apiKey: entry.apiKey,
    touchpoint: entry.touchpoint,
    key: entry.key,
    level: entry.level,
    message: entry.message,
    startTime: entry.startTime,
    endTime: entry.endTime,
    duration: undefined,
    metadata: entry.metadata,
  };
}

/**
 * The end's fields, the start's where the end lacks them, at the start's record time. A startTime that was only derived from a
 * duration gives way to the one that the start was sent with; where both of a complete timing's times were derived, its end follows
 * from that one.
 */
export function pairRecord(start: StartEntry, end: EndEntry | CompleteEntry): NewRecord {
  const derived = end.kind === "completed" ? end.derived : undefined;
  const startTime = derived === undefined ? (end.startTime ?? start.startTime) : start.startTime;
  const endTime = derived === "both" ? startTime + (end.duration as number) : end.endTime;
  return {
    kind: "completed",
    time: start.time,
    receivedAt: Math.max(start.receivedAt, end.receivedAt),
    source: end.source,
    keyType: keyTypeOfPair(start.keyType, end.keyType),
    apiKey: end.apiKey,
    touchpoint: end.touchpoint ?? start.touchpoint,
    key: end.key ?? start.key,
    level: end.level ?? start.level,
    message: end.message ?? start.message,
    startTime,
    endTime,
    duration: end.duration ?? endTime - startTime,
    metadata: mergeMetadata(start.metadata, end.metadata),
  };
}

/** What one half of a pair says cannot be trusted more than the other: a pair is a server's only where both halves are. */
function keyTypeOfPair(start: Source | undefined, end: Source | undefined): Source | undefined {
  if (start === "client" || end === "client") return "client";
  return start === undefined ? undefined : end;
}
