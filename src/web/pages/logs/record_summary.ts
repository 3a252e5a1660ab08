// A record in one line: what tells it from its neighbours, cut to what can be seen.

import type { ShownRecord } from "../../../core/record.ts";

/** Characters of a message, of all metadata, and of one of its values that a line shows. */
const MESSAGE_MAX = 400;
const METADATA_MAX = 240;
const VALUE_MAX = 60;

export interface RecordSummary {
  readonly message: string;
  /** "orderId=ord_123 total=12.5". */
  readonly metadata: string;
}

export function summaryOf({ message = "", metadata }: ShownRecord): RecordSummary {
  let text = "";
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (text.length > METADATA_MAX) break;
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    text += `${text === "" ? "" : " "}${cut(name, VALUE_MAX)}=${cut(shown, VALUE_MAX)}`;
  }
  return { message: cut(message, MESSAGE_MAX), metadata: cut(text, METADATA_MAX) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
