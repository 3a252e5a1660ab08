// Lines in any form: JSON objects, one a line; one array of objects; one object, over several lines as well; or plain
// text, whose lines are messages. Which it is, its text says, whatever its Content-Type: curl sends a form type. The
// query names members of the sender's own, and a touchpoint for all.

import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { Decode, DecodeContext, RefusedRecord } from "./decoded.ts";
import { COMMON_FIELDS, COMMON_NAMES, entryOf, type Fields, fieldsOf } from "./object_mapper.ts";
import { parseLine, TextLines } from "./text_lines.ts";

const JSON_OBJECT = /^\s*\{/;
const JSON_ARRAY = /^\s*\[/;
/** An array with a JSON value in it: "[2026-11-29] started" and "[INFO] started" are none. */
const JSON_ARRAY_BEGINNING = /^\s*\[\s*[{["\]]/;

/** Decodes the body of POST /api/v1/ingest. */
export const decodeIngest: Decode = (body, context) => {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const malformed = context.guard.refusal(text);
  if (malformed !== undefined) return { malformed };
  const records = new Records(context);
  if (JSON_ARRAY.test(text)) {
    const array = parseLine(text)?.value;
    if (Array.isArray(array)) return records.takeArray(array as unknown[]);
  }
  if (JSON_OBJECT.test(text)) {
    const first = new TextLines(text).next()?.text ?? "";
    // Objects, one a line, are far more frequent than one object over several.
    const object = first.length === text.length || parseLine(first) === undefined ? parseLine(text)?.value : undefined;
    if (isJsonObject(object)) return records.takeArray([object]);
  }
  return records.takeLines(text);
};

/** Collects the records of one body. */
class Records {
  readonly entries: Entry[] = [];
  readonly refused: RefusedRecord[] = [];
  readonly #fields: Fields;
  readonly #touchpoint: string | undefined;
  readonly #recordsMax: number;

  constructor({ query, recordsMax = Number.POSITIVE_INFINITY }: DecodeContext) {
    this.#fields = fieldsOfQuery(query);
    const touchpoint = query.get("touchpoint") ?? "";
    this.#touchpoint = touchpoint === "" ? undefined : touchpoint;
    this.#recordsMax = recordsMax;
  }

  takeArray(array: readonly unknown[]): this {
    for (const value of array) {
      if (this.#count > this.#recordsMax) break;
      if (isJsonObject(value)) this.#takeObject(value);
      else this.#refuse(`Element ${this.#count + 1} of the array is not an object`, value);
    }
    return this;
  }

  takeLines(text: string): this {
    const areObjects = JSON_OBJECT.test(text);
    const lines = new TextLines(text);
    for (let line = lines.next(); line !== undefined && this.#count <= this.#recordsMax; line = lines.next()) {
      const beginsAsObject = JSON_OBJECT.test(line.text);
      const parsed = areObjects || beginsAsObject ? parseLine(line.text) : undefined;
      if (isJsonObject(parsed?.value)) this.#takeObject(parsed.value);
      else if (parsed !== undefined) this.#refuse(`Line ${line.number} is not an object`, line.text);
      else if (beginsAsObject || JSON_ARRAY_BEGINNING.test(line.text)) {
        this.#refuse(`Line ${line.number} begins as JSON and is none`, line.text);
      } else this.#takeText(line.text);
    }
    return this;
  }

  get #count(): number {
    return this.entries.length + this.refused.length;
  }

  /** A touchpoint of its own goes before that of the query, and that before all other members. */
  #takeObject(object: JsonObject): void {
    const own = Object.hasOwn(object, "touchpoint") ? object["touchpoint"] : undefined;
    const hasOwn = typeof own === "string" && own !== "";
    const known = hasOwn || this.#touchpoint === undefined ? {} : { touchpoint: this.#touchpoint };
    // An object without anything is dropped as empty.
    this.entries.push(Object.keys(object).length === 0 ? {} : entryOf(object, this.#fields, known));
  }

  #takeText(message: string): void {
    this.entries.push(this.#touchpoint === undefined ? { message } : { touchpoint: this.#touchpoint, message });
  }

  #refuse(problem: string, record: unknown): void {
    this.refused.push({ at: this.#count, reason: "invalid", problem, record });
  }
}

/** The common names, after those that the query gives. */
function fieldsOfQuery(query: URLSearchParams): Fields {
  const given = (["message", "time", "level", "key"] as const).map((role) => [role, query.get(`${role}_field`) ?? ""]);
  const named = given.filter(([, name]) => name !== "") as ["message" | "time" | "level" | "key", string][];
  if (named.length === 0) return COMMON_FIELDS;
  const names = named.map(([role, name]) => [role, [name, ...COMMON_NAMES[role]]] as const);
  return fieldsOf({ ...COMMON_NAMES, ...Object.fromEntries(names) });
}
