// The decoder of each protocol: one table, made once for each writer.

import type { Protocol } from "../core/batch.ts";
import type { Decode } from "./decoded.ts";
import { decodeElasticsearch } from "./elasticsearch.ts";
import { decodeIngest } from "./ingest.ts";
import { lokiDecoder } from "./loki.ts";
import { createOtlp } from "./otlp.ts";
import { decodeSentry } from "./sentry.ts";
import { decodeSyslog } from "./syslog.ts";

/** What the configuration says about decoding. */
export interface DecoderSettings {
  /** Resource attributes that records of OTLP keep, as `[otlp] resource` lists them; undefined: the default. */
  readonly otlpResource?: readonly string[] | undefined;
}

/** By protocol; `enqueue` is parsed by its schema. */
export type Decoders = Readonly<Record<Exclude<Protocol, "enqueue">, Decode>>;

/** Makes the decoders. */
export function decodersOf(settings: DecoderSettings): Decoders {
  const otlp = createOtlp({ resource: settings.otlpResource });
  return {
    otlp_logs: otlp.logs,
    otlp_traces: otlp.traces,
    loki: lokiDecoder(),
    elasticsearch: decodeElasticsearch,
    ingest: decodeIngest,
    syslog: decodeSyslog,
    sentry: decodeSentry,
  };
}
