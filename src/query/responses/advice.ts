// Advice about a dropped entry: one or two sentences on why it was dropped and what helps. Of the entry only its times
// are repeated, since the response shows the entry beside the advice.

import type { DropReason } from "../../core/drop.ts";
import { DAY_MS, FUTURE_MS_MAX, METADATA_DEPTH_MAX, TIME_MS_MAX } from "../../core/limits.ts";

export interface AdviceOptions {
  /** The project's retention. */
  readonly retentionMs: number;
}

/** Units that people send times in by mistake, with the milliseconds of each. */
const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["seconds", 1_000],
  ["microseconds", 1 / 1_000],
  ["nanoseconds", 1 / 1_000_000],
];
/**
 * How far from its receipt a time may be for another unit to be proposed: twenty years. In milliseconds the same number
 * is a day of 1970 or far past the year 10,000, so no time that was meant in milliseconds is taken for another unit.
 */
const PLAUSIBLE_MS = 20 * 365 * DAY_MS;

/**
 * Advice for the people whose entry was dropped.
 * @param entry as it was sent, or its text where that was cut off
 * @param receivedAt Unix ms
 */
export function adviceFor(
  reason: DropReason,
  entry: unknown,
  receivedAt: number,
  { retentionMs }: AdviceOptions,
): string {
  const problem = reason === "invalid" || reason === "too_deep" ? problemOf(entry) : undefined;
  if (problem !== undefined) return `${problem}. The other records of its request were taken.`;
  switch (reason) {
    case "invalid":
      return "It does not have the form that its protocol says. The other records of its request were taken.";
    case "ignored":
      return "It is of a kind that is not stored.";
    case "empty":
      return "The entry says nothing. Give it at least one of message, touchpoint, key, level, metadata, or a time: timestamp, startTime, endTime, duration.";
    case "invalid_time":
      return invalidTime(entry, receivedAt);
    case "too_deep":
      return `Its metadata nests deeper than ${METADATA_DEPTH_MAX} levels. Flatten it, or send the inner part as a string.`;
    case "negative_duration":
      return negativeDuration(entry);
    case "too_old":
      return tooOld(entry, receivedAt, retentionMs);
    case "in_future":
      return inFuture(entry, receivedAt);
    case "duplicate":
      return "It was stored before: the same entry came from the same sender with the same time. That is normal when a request is retried. If these are different events, give each its own timestamp, or leave the times out.";
    case "quota":
      return 'The project had reached its monthly_entries for this month, or its client keys their part of them (queue.client_share). Raise it in the configuration, or set overage = "continue" to store entries past the limit.';
    case "internal":
    default:
      return "Its batch stopped the server's writer twice, so the server dropped the whole batch. Please report this as a fault of the server, with the entry.";
  }
}

/** What the decoder of another protocol found wrong with a record, which stands first in what is stored of it. */
function problemOf(entry: unknown): string | undefined {
  const problem = typeof entry === "string" ? PROBLEM.exec(entry)?.[1] : memberOf(entry, "problem");
  return typeof problem === "string" ? problem : undefined;
}

const PROBLEM = /^\{"problem":"((?:[^"\\]|\\.)*)"/;

type Times = Readonly<Partial<Record<"timestamp" | "startTime" | "endTime" | "duration", number>>>;
const TIME_FIELDS = ["timestamp", "startTime", "endTime", "duration"] as const;

/** The times of an entry; of a text that was cut off, those that it still has. */
function timesOf(entry: unknown): Times {
  const times: Record<string, number> = {};
  for (const name of TIME_FIELDS) {
    const value = typeof entry === "string" ? numberIn(entry, name) : memberOf(entry, name);
    if (typeof value === "number") times[name] = value;
  }
  return times;
}

function memberOf(entry: unknown, name: string): unknown {
  return typeof entry === "object" && entry !== null ? (entry as Readonly<Record<string, unknown>>)[name] : undefined;
}

function numberIn(text: string, name: string): number | undefined {
  const found = new RegExp(`"${name}":(-?[0-9.]+(?:[eE][+-]?[0-9]+)?)`, "u").exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The time that its record would have; undefined where that is the batch's timestamp. */
function recordTime({ timestamp, startTime, endTime }: Times): number | undefined {
  return timestamp ?? startTime ?? endTime;
}

/** "2024-06-20", or with the time of day. */
function dateOf(time: number, withTime = false): string {
  const text = new Date(time).toISOString();
  return withTime ? text : text.slice(0, text.indexOf("T"));
}

/** "1718900000 is 1970-01-20: did you send seconds? Times are milliseconds."; undefined where no other unit fits. */
function unitAdvice(time: number, receivedAt: number): string | undefined {
  for (const [name, ms] of UNITS) {
    if (Math.abs(time * ms - receivedAt) > PLAUSIBLE_MS) continue;
    const shown = isTime(time) ? `${time} is ${dateOf(time)}` : `${time} is past the last date there is`;
    return `${shown}: did you send ${name}? Times are milliseconds.`;
  }
  return undefined;
}

function isTime(time: number): boolean {
  return time >= 0 && time <= TIME_MS_MAX;
}

function invalidTime(entry: unknown, receivedAt: number): string {
  const times = timesOf(entry);
  for (const name of ["timestamp", "startTime", "endTime"] as const) {
    const time = times[name];
    if (time === undefined || isTime(time)) continue;
    const unit = time > 0 ? unitAdvice(time, receivedAt) : undefined;
    return unit ?? `${name} is ${time}. Times are Unix milliseconds from 0 to ${TIME_MS_MAX}.`;
  }
  const { duration } = times;
  if (duration !== undefined && duration > TIME_MS_MAX) {
    return `duration is ${duration}. A duration is at most ${TIME_MS_MAX} ms.`;
  }
  if (duration !== undefined && recordTime(times) !== undefined) {
    return `With its duration of ${duration} ms the start or the end lies outside of 0 to ${TIME_MS_MAX} Unix milliseconds.`;
  }
  return `One of its times, or its batch's timestamp, is outside of 0 to ${TIME_MS_MAX}. Times are Unix milliseconds.`;
}

function negativeDuration(entry: unknown): string {
  const { startTime, endTime, duration } = timesOf(entry);
  if (duration !== undefined) return `duration is ${duration}: a duration cannot be negative.`;
  if (startTime !== undefined && endTime !== undefined) {
    return `endTime ${endTime} is ${startTime - endTime} ms before startTime ${startTime}. Take both from one clock, or send a duration measured by a monotonic one.`;
  }
  return "It ends before it starts. Take both times from one clock, or send a duration measured by a monotonic one.";
}

function tooOld(entry: unknown, receivedAt: number, retentionMs: number): string {
  const time = recordTime(timesOf(entry));
  const kept = lengthOf(retentionMs);
  if (time === undefined) return `${unknownTime(entry)} is older than the ${kept} that the project keeps.`;
  const unit = unitAdvice(time, receivedAt);
  if (unit !== undefined) return unit;
  const when = isTime(time) ? `${time} is ${dateOf(time)}, ` : "";
  return `${when}${lengthOf(receivedAt - time)} before it was received; the project keeps ${kept}. Raise its retention to store older entries.`;
}

function inFuture(entry: unknown, receivedAt: number): string {
  const time = recordTime(timesOf(entry));
  if (time === undefined)
    return `${unknownTime(entry)} is over ${lengthOf(FUTURE_MS_MAX)} ahead: check the sender's clock.`;
  const unit = unitAdvice(time, receivedAt);
  if (unit !== undefined) return unit;
  const when = isTime(time) ? `${time} is ${dateOf(time, true)}, ` : "";
  return `${when}${lengthOf(time - receivedAt)} after it was received: check the sender's clock.`;
}

/** What to call the time of an entry that shows none. In a text that was cut off, its own time may be missing. */
function unknownTime(entry: unknown): string {
  return typeof entry === "string" ? "Its time, or its batch's timestamp," : "Its batch's timestamp";
}

const LENGTHS: readonly (readonly [name: string, ms: number])[] = [
  ["day", DAY_MS],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
];

/** "30 days", "1 hour": rounded down in the largest unit that gives at least 1. */
function lengthOf(ms: number): string {
  for (const [name, unitMs] of LENGTHS) {
    const count = Math.floor(ms / unitMs);
    if (count >= 1) return `${count.toLocaleString("en")} ${name}${count === 1 ? "" : "s"}`;
  }
  return `${ms} ms`;
}
