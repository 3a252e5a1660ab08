// Reads the values of attributes and bodies in the protobuf form of OTLP: KeyValue and AnyValue, with what nests in
// them.

import type { JsonObject } from "../core/json.ts";
import { OTLP_DEPTH_MAX } from "../core/limits.ts";
import type { AttributeNames } from "./attribute_names.ts";
import { type RecordFields, TOO_DEEP } from "./otlp_records.ts";
import { TOUCHPOINT } from "./otlp_scope.ts";
import { BYTES, FIXED64, type ProtobufReader, tagOf, VARINT } from "./protobuf_reader.ts";

const FIRST = tagOf(1, BYTES);
/** KeyValue. */
const KEY = FIRST;
const VALUE = tagOf(2, BYTES);
/** AnyValue. */
const STRING_VALUE = FIRST;
const BOOL_VALUE = tagOf(2, VARINT);
const INT_VALUE = tagOf(3, VARINT);
const DOUBLE_VALUE = tagOf(4, FIXED64);
const ARRAY_VALUE = tagOf(5, BYTES);
const KVLIST_VALUE = tagOf(6, BYTES);
const BYTES_VALUE = tagOf(7, BYTES);

/** One for a body. */
export class ProtobufValues {
  readonly #reader: ProtobufReader;
  readonly #names: AttributeNames;
  /** Whether a value was too deep since this was set to false. */
  isTooDeep = false;

  constructor(reader: ProtobufReader, names: AttributeNames) {
    this.#reader = reader;
    this.#names = names;
  }

  /** KeyValue: sets a member of `target`, which needed `slots`, and gives the slots that it needs then. */
  attribute(outerEnd: number, target: JsonObject, slots: number, depth: number, record?: RecordFields): number {
    const reader = this.#reader;
    const end = reader.end(outerEnd);
    let name = "";
    let value: unknown = null;
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === KEY) {
        const nameEnd = reader.end(end);
        name = this.#names.ofBytes(reader.bytes, reader.at, nameEnd);
        reader.at = nameEnd;
      } else if (tag === VALUE) value = this.value(end, depth);
      else reader.skip(tag, end);
    }
    reader.leave(end);
    if (this.#names.refusal !== undefined) {
      reader.fail(this.#names.refusal);
      return slots;
    }
    if (record !== undefined && name === TOUCHPOINT && typeof value === "string") {
      if (value !== "") record.touchpoint = value;
      return slots;
    }
    return this.#names.set(target, name, value, slots);
  }

  /** AnyValue, inside `depth` arrays and maps. */
  value(outerEnd: number, depth: number): unknown {
    const reader = this.#reader;
    const end = reader.end(outerEnd);
    let value: unknown = null;
    while (reader.at < end) {
      const tag = reader.tag();
      switch (tag) {
        case STRING_VALUE:
          value = reader.text(end);
          break;
        case INT_VALUE:
          value = reader.int64();
          break;
        case BOOL_VALUE:
          reader.varint();
          value = reader.low !== 0 || reader.high !== 0;
          break;
        case DOUBLE_VALUE: {
          const double = reader.double();
          value = Number.isFinite(double) ? double : String(double);
          break;
        }
        case BYTES_VALUE:
          value = reader.base64(end);
          break;
        case ARRAY_VALUE:
        case KVLIST_VALUE:
          if (depth >= OTLP_DEPTH_MAX) {
            this.isTooDeep = true;
            value = TOO_DEEP;
            reader.skip(tag, end);
          } else value = tag === ARRAY_VALUE ? this.#array(end, depth + 1) : this.#map(end, depth + 1);
          break;
        default:
          reader.skip(tag, end);
      }
    }
    reader.leave(end);
    return value;
  }

  #array(outerEnd: number, depth: number): unknown[] {
    const reader = this.#reader;
    const end = reader.end(outerEnd);
    const array: unknown[] = [];
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === FIRST) array.push(this.value(end, depth));
      else reader.skip(tag, end);
    }
    reader.leave(end);
    return array;
  }

  #map(outerEnd: number, depth: number): JsonObject {
    const reader = this.#reader;
    const end = reader.end(outerEnd);
    const map: JsonObject = {};
    let slots = 0;
    while (reader.at < end) {
      const tag = reader.tag();
      if (tag === FIRST) slots = this.attribute(end, map, slots, depth);
      else reader.skip(tag, end);
    }
    reader.leave(end);
    this.count(slots);
    return map;
  }

  /** Counts the slots of an object that is complete. */
  count(slots: number): void {
    this.#names.count(slots);
    if (this.#names.refusal !== undefined) this.#reader.fail(this.#names.refusal);
  }
}
