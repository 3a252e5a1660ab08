// OTLP bodies, protobuf and JSON, logs and traces. A reader for each form fills the same fields of a record, and one
// mapper makes the entries.

import { AttributeNames } from "./attribute_names.ts";
import type { Decode, DecodeContext, Decoded } from "./decoded.ts";
import { parseJson } from "./decoded.ts";
import { OtlpJson } from "./otlp_json.ts";
import { OtlpProtobuf } from "./otlp_protobuf.ts";
import { ResourceFilter } from "./otlp_scope.ts";

export interface OtlpSettings {
  /**
   * Names of the resource attributes that are stored with each record, where "*" stands for any characters. Undefined:
   * all but `telemetry.*`, `process.*command*` and `os.*`.
   */
  readonly resource: readonly string[] | undefined;
}

/** The decoders of both kinds of body, for one thread. A text is the JSON form, bytes are the protobuf form. */
export function createOtlp(settings: OtlpSettings): { readonly logs: Decode; readonly traces: Decode } {
  const names = new AttributeNames();
  const filter = new ResourceFilter(settings.resource);
  const decode = (body: Parameters<Decode>[0], context: DecodeContext, isOfSpans: boolean): Decoded => {
    names.begin(context.guard, body.length);
    let read: ReturnType<OtlpProtobuf["read"]>;
    if (typeof body === "string") {
      const parsed = parseJson(body, context.guard);
      if ("malformed" in parsed) return parsed;
      read = new OtlpJson(names, filter, isOfSpans, context.recordsMax).read(parsed.value);
    } else read = new OtlpProtobuf(body, names, filter, isOfSpans, context.recordsMax).read();
    return typeof read === "string" ? { malformed: read } : { entries: read.entries, refused: read.refused };
  };
  return {
    logs: (body, context) => decode(body, context, false),
    traces: (body, context) => decode(body, context, true),
  };
}
