// A record as one line for people:
//
//   2026-11-23 12:56:38.123 INFO  [shop]  api/orders/submit  (req-1)  Order placed  42 ms  orderId=ord_123 total=12.5
//
// Control characters are escaped, so a record is one line and cannot steer a terminal.

import { formatDuration, formatInstant } from "../core/format.ts";
import { type JsonObject, jsonBeginning } from "../core/json.ts";
import { otherSource, type ShownRecord } from "../core/record.ts";
import { shownText } from "../core/terminal.ts";
import type { CliContext } from "./context.ts";
import { jsonLine } from "./output.ts";
import { type Style, styleFor } from "./style.ts";

/** The width of the longest level, and the text for a timing without one. */
const LEVEL_WIDTH = 5;
const TIMING = "TIME";

/** Characters of a name, and of all other texts, that a line shows; --json has all of them. */
const NAME_LENGTH_MAX = 200;
const TEXT_LENGTH_MAX = 10_000;

/** A value that is clear without quotes. */
const PLAIN_VALUE = /^[^\s"=,{}[\]]+$/;
/** Texts that without quotes would look like another type. */
const OTHER_TYPE = /^(?:true|false|null|-?\d[\d.eE+-]*)$/;

/** Makes a line of a record, with its line break. */
export type LineOf = (record: ShownRecord) => string;

/** JSON, or a line for people. Throws OperatingError("usage"). */
export function lineWriter(
  { json, color, project }: { readonly json?: boolean; readonly color?: string; readonly project?: string | undefined },
  context: CliContext,
): LineOf {
  const style = styleFor(color, context);
  if (json === true) {
    return (record) => jsonLine(record, context);
  }
  // The name is left out if only one project can be meant.
  const hasProject = (record: ShownRecord) => project === undefined && record.project !== "default";
  return (record) => `${recordLine(record, { style, hasProject: hasProject(record) })}\n`;
}

/** How a line looks. */
interface LineOptions {
  readonly style: Style;
  /** Whether the project is named. */
  readonly hasProject: boolean;
}

/** The line, without a line break. */
export function recordLine(record: ShownRecord, { style, hasProject }: LineOptions): string {
  const { time, project, touchpoint, key, message, metadata } = record;
  const other = otherSource(record);
  const parts = [
    hasProject ? style.dim(`[${shownText(project, NAME_LENGTH_MAX)}]`) : "",
    other === undefined ? "" : style.warning(`[${other}]`),
    touchpoint === undefined ? "" : style.touchpoint(shownText(touchpoint, NAME_LENGTH_MAX)),
    key === undefined ? "" : style.dim(`(${shownText(key, NAME_LENGTH_MAX)})`),
    shownText(message ?? "", TEXT_LENGTH_MAX),
    measured(record, style),
    metadata === undefined ? "" : metadataText(metadata, style),
  ].filter((part) => part !== "");
  return [style.dim(formatInstant(time)), levelText(record, style), parts.join("  ")].join(" ").trimEnd();
}

function levelText({ level, kind }: ShownRecord, style: Style): string {
  const text = level?.toUpperCase() ?? (kind === "timing" ? TIMING : "");
  return style.level[level ?? "timing"](text.padEnd(LEVEL_WIDTH));
}

/** The duration of a timing, and its status if it is not completed. */
function measured({ status, duration }: ShownRecord, style: Style): string {
  if (status === undefined) return "";
  const length = duration === undefined ? "" : style.duration(formatDuration(duration));
  const state = status === "completed" ? "" : style.warning(status);
  return [state, length].filter((text) => text !== "").join(" ");
}

function metadataText(metadata: JsonObject, style: Style): string {
  let text = "";
  let left = TEXT_LENGTH_MAX;
  for (const [name, value] of Object.entries(metadata)) {
    if (left <= 0) return `${text} …`;
    const shownName = shownText(PLAIN_VALUE.test(name) ? name : JSON.stringify(name), NAME_LENGTH_MAX);
    const shownValue = shownText(valueText(value, left), left);
    left -= shownName.length + shownValue.length + 2;
    text += `${text === "" ? "" : " "}${style.dim(`${shownName}=`)}${shownValue}`;
  }
  return text;
}

/** The value as text; a long one is cut. */
function valueText(value: unknown, lengthMax: number): string {
  if (typeof value === "string" && PLAIN_VALUE.test(value) && !OTHER_TYPE.test(value)) return value;
  return jsonBeginning(value, lengthMax);
}
