// What becomes of the lines of one body for Loki, whatever its form: entries, and what is refused. A line that is a
// JSON object is unfolded by the mapper of objects, any other is the message. Labels name the touchpoint and the level,
// before what the line says; what is left of them is metadata. The labels of a stream are in each of its records, so
// they are bounded: else a body could become many times as large.

import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject, jsonBeginning } from "../core/json.ts";
import { LOKI_LABELS_LENGTH_MAX, LOKI_LABELS_MAX } from "../core/limits.ts";
import type { Level } from "../core/record.ts";
import type { DecodeContext, DecodedBatch, RefusedRecord } from "./decoded.ts";
import { type Labels, mergeMember } from "./loki_labels.ts";
import { COMMON_FIELDS, entryOf, type Taken } from "./object_mapper.ts";
import { levelOf } from "./values.ts";

/** Labels that name the touchpoint; the first that is a text is taken. */
const TOUCHPOINT_LABELS = ["service_name", "app", "job", "container", "filename"] as const;
/** What Loki itself puts there when it knows nothing. */
const UNKNOWN_SERVICE = /^unknown_service(?::|$)/;
const LABELS_UNREADABLE = 'The labels of the stream cannot be read: write {name="value"}';
const LEVEL_LABELS = ["detected_level", "level"] as const;

/** Of labels; a name that begins with a digit is none in Loki, and could make each record large. */
const NO_LABEL_NAME = /^\d/;

/** One line of a stream. Undefined time: it could not be read. */
export interface LokiLine {
  /** Unix ms. */
  readonly time: number | undefined;
  readonly line: string;
  readonly structured: Labels;
}

interface PendingLine {
  readonly labels: Labels;
  readonly time: number;
  readonly line: string;
  readonly structured: Labels;
}

/** Collects the lines of one body. */
export class LokiLines {
  readonly #lines: PendingLine[] = [];
  readonly #refused: RefusedRecord[] = [];
  #labels: Labels = {};
  #problem: string | undefined;
  readonly #linesMax: number;

  /** No more is kept than one line more than `recordsMax` of the context. */
  constructor({ recordsMax = Number.POSITIVE_INFINITY }: Pick<DecodeContext, "recordsMax"> = {}) {
    this.#linesMax = recordsMax;
  }

  /** Whether there are more lines than the body may have. */
  get isFull(): boolean {
    return this.#lines.length + this.#refused.length > this.#linesMax;
  }

  /** Takes the labels of the next lines; undefined: they could not be read. */
  begin(labels: Labels | undefined): void {
    this.#labels = labels ?? {};
    this.#problem = labels === undefined ? LABELS_UNREADABLE : problemOfLabels(labels);
  }

  /** Takes a line. `record`: it as it came. */
  push({ time, line, structured }: LokiLine, record: unknown): void {
    if (this.#problem !== undefined) this.refuse(this.#problem, record);
    else if (time === undefined) this.refuse("The timestamp is no decimal number of nanoseconds", record);
    else this.#lines.push({ labels: this.#labels, time, line, structured });
  }

  /** Refuses a line, or what stands for one. */
  refuse(problem: string, record: unknown): void {
    this.#refused.push({ at: this.#lines.length + this.#refused.length, reason: "invalid", problem, record });
  }

  /**
   * What has become of all lines. The guard looks at those that may be objects as at one text; where it refuses them,
   * all lines stay texts.
   */
  decoded({ guard }: Pick<DecodeContext, "guard">): DecodedBatch {
    const lines = this.#lines;
    const objects = lines.filter(({ line }) => line.startsWith("{")).map(({ line }) => line);
    const areSafe = guard.refusal(objects.join("\n")) === undefined;
    return { entries: lines.map((line) => entryOfLine(line, areSafe)), refused: this.#refused };
  }
}

function problemOfLabels(labels: Labels): string | undefined {
  if (jsonBeginning(labels, LOKI_LABELS_LENGTH_MAX).length > LOKI_LABELS_LENGTH_MAX) {
    return `The labels of the stream are longer than ${LOKI_LABELS_LENGTH_MAX} characters`;
  }
  const names = Object.keys(labels);
  if (names.length > LOKI_LABELS_MAX) return `The stream has more than ${LOKI_LABELS_MAX} labels`;
  return names.some((name) => NO_LABEL_NAME.test(name)) ? LABELS_UNREADABLE : undefined;
}

function entryOfLine({ labels, time, line, structured }: PendingLine, mayUnfold: boolean): Entry {
  const known: Taken = { timestamp: time };
  const touchpointLabel = TOUCHPOINT_LABELS.find((name) => isTouchpoint(memberOf(labels, name)));
  if (touchpointLabel !== undefined) known.touchpoint = labels[touchpointLabel] as string;
  const level = labelledLevel(structured) ?? labelledLevel(labels);
  if (level !== undefined) known.level = level;
  const object = mayUnfold ? unfold(line) : undefined;
  const entry: Entry = object === undefined ? { ...known, message: line } : entryOf(object, COMMON_FIELDS, known);
  const metadata: JsonObject = {};
  for (const name in labels) {
    if (name !== touchpointLabel && !isLevel(name, labels, level)) mergeMember(metadata, name, labels[name]);
  }
  for (const name in structured) {
    if (!isLevel(name, structured, level)) mergeMember(metadata, name, structured[name]);
  }
  for (const name in entry.metadata) mergeMember(metadata, name, entry.metadata[name]);
  return Object.keys(metadata).length === 0 ? entry : { ...entry, metadata };
}

/** The object that a line is. */
function unfold(line: string): JsonObject | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a label says the level that was taken. */
function isLevel(name: string, labels: Labels, level: Level | undefined): boolean {
  if (level === undefined || (name !== "level" && name !== "detected_level")) return false;
  return levelOf(labels[name]) === level;
}

function labelledLevel(labels: Labels) {
  for (const name of LEVEL_LABELS) {
    const level = levelOf(memberOf(labels, name));
    if (level !== undefined) return level;
  }
  return undefined;
}

function isTouchpoint(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !UNKNOWN_SERVICE.test(value);
}

function memberOf(labels: Labels, name: string): unknown {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
