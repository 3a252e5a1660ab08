// Elasticsearch's bulk API: lines of actions, each before its document. A document of "create" and "index" becomes an
// entry by the mapper of objects; where nothing in it names a touchpoint, the index does. "update" and "delete" are
// refused, since records do not change. What is wrong in one place is refused alone, unlike in Elasticsearch, which
// refuses the body for an action that it cannot read: so nobody's other records are lost.
// Source: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk

import type { Entry } from "../core/entry.ts";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { Decode, RefusedRecord } from "./decoded.ts";
import { COMMON_FIELDS, entryOf } from "./object_mapper.ts";
import { parseLine, type TextLine, TextLines } from "./text_lines.ts";

/** The letters of DecodedBatch.operations, one a record. */
export const OPERATION_LETTERS = { c: "create", i: "index", u: "update", d: "delete" } as const;
type Letter = keyof typeof OPERATION_LETTERS;
const LETTERS: Readonly<Record<string, Letter>> = { create: "c", index: "i", update: "u", delete: "d" };

/** What an action may say beside "_index", "_id" and others that begin so: see `isMetadata`. */
const ACTION_MEMBERS: ReadonlySet<string> = new Set(
  (
    "pipeline op_type routing version version_type if_seq_no if_primary_term require_alias require_data_stream parent " +
    "retry_on_conflict dynamic_templates list_executed_pipelines"
  ).split(" "),
);
/** Longest name that an index can have, in bytes: a longer one is no name. */
const INDEX_LENGTH_MAX = 255;
const INDEX_OF_PATH = /^\/elasticsearch\/([^/]+)\/_bulk\/?$/;
/** Before the name of a data stream's index. */
const DATA_STREAM = /^\.ds-/;
/** A day, a month or a week after an index's name, and the number of a rollover. */
const INDEX_DATE = /[-_.]\d{4}(?:[-.]?\d{2}){1,2}$/;
const ROLLOVER = /-\d{6}$/;

interface Action {
  readonly letter: Letter;
  /** As it is written. */
  readonly index: string | undefined;
}

/** Decodes the body of a bulk request. */
export const decodeElasticsearch: Decode = (body, { guard, path = "", recordsMax = Number.POSITIVE_INFINITY }) => {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const malformed = guard.refusal(text);
  if (malformed !== undefined) return { malformed };
  const bulk = new Bulk(indexOfPath(path));
  const lines = new TextLines(text);
  let line = lines.next();
  while (line !== undefined && bulk.count <= recordsMax) line = bulk.take(line, lines);
  return bulk.count === 0 ? { malformed: "The body has no action" } : bulk;
};

/** Collects the records of one body. */
class Bulk {
  readonly entries: Entry[] = [];
  readonly refused: RefusedRecord[] = [];
  operations = "";
  readonly #pathIndex: string | undefined;
  /** The last action and its line: most are equal. */
  #actionText = "";
  #action: Action | undefined;

  constructor(pathIndex: string | undefined) {
    this.#pathIndex = pathIndex;
  }

  get count(): number {
    return this.entries.length + this.refused.length;
  }

  /** Takes an action and its document. Gives the next line that is neither. */
  take(line: TextLine, lines: TextLines): TextLine | undefined {
    const action = this.#read(line.text);
    if (action?.letter === "d") {
      this.#refuse("d", "Deleting is not supported: records do not change", line.text);
      return lines.next();
    }
    const next = lines.next();
    const document = next === undefined ? undefined : parseLine(next.text);
    const isAction = document !== undefined && isAnAction(document.value);
    const letter = action?.letter ?? "i";
    if (action === undefined) {
      this.#refuse(letter, `Line ${line.number} is no action: create, index, update or delete`, line.text);
    } else if (next === undefined || isAction) {
      this.#refuse(letter, `The action in line ${line.number} has no document`, line.text);
    } else if (letter === "u") {
      this.#refuse(letter, "Updating is not supported: records do not change", document?.value ?? next.text);
    } else if (document === undefined) {
      this.#refuse(letter, `Line ${next.number} is not JSON`, next.text);
    } else if (!isJsonObject(document.value)) {
      this.#refuse(letter, `The document in line ${next.number} is not an object`, document.value);
    } else {
      this.entries.push(this.#entryOf(document.value, action.index));
      this.operations += letter;
    }
    return isAction ? next : lines.next();
  }

  #read(text: string): Action | undefined {
    if (text !== this.#actionText) {
      this.#actionText = text;
      this.#action = actionOf(parseLine(text)?.value);
    }
    return this.#action;
  }

  #refuse(letter: Letter, problem: string, record: unknown): void {
    this.refused.push({ at: this.count, reason: "invalid", problem, record });
    this.operations += letter;
  }

  #entryOf(document: JsonObject, actionIndex: string | undefined): Entry {
    const entry = entryOf(document, COMMON_FIELDS);
    const index = actionIndex ?? this.#pathIndex;
    // A document without anything is dropped as empty.
    if (entry.touchpoint !== undefined || index === undefined || Object.keys(entry).length === 0) return entry;
    return { ...entry, touchpoint: touchpointOf(index) };
  }
}

/** The action of a line; what stands beside its first member does not matter. */
function actionOf(value: unknown): Action | undefined {
  if (!isJsonObject(value)) return undefined;
  for (const name in value) {
    const letter = Object.hasOwn(LETTERS, name) ? LETTERS[name] : undefined;
    const metadata = value[name];
    if (letter === undefined || !isJsonObject(metadata)) return undefined;
    const index = metadata["_index"];
    return { letter, index: typeof index === "string" && index !== "" ? index : undefined };
  }
  return undefined;
}

/** Whether what stands where a document should is the next action. */
function isAnAction(value: unknown): boolean {
  if (actionOf(value) === undefined) return false;
  const [metadata] = Object.values(value as JsonObject);
  return Object.keys(metadata as JsonObject).every((name) => name.startsWith("_") || ACTION_MEMBERS.has(name));
}

/** The name of an index without the date and the number that tell it from its older ones. */
function touchpointOf(index: string): string {
  if (index.length > INDEX_LENGTH_MAX) return index;
  const name = index.replace(DATA_STREAM, "").replace(ROLLOVER, "").replace(INDEX_DATE, "");
  return name === "" ? index : name;
}

function indexOfPath(path: string): string | undefined {
  const [, written] = INDEX_OF_PATH.exec(path) ?? [];
  if (written === undefined) return undefined;
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
