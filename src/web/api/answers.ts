// Which answer each route of the read API gives, so that asking is typed by the route's path.

import type {
  EntriesAnswer,
  FieldsAnswer,
  HistogramAnswer,
  RejectionsAnswer,
  RunningAnswer,
  SeriesAnswer,
  StatusAnswer,
  TimingsAnswer,
  TouchpointsAnswer,
  UsageAnswer,
  ValuesAnswer,
} from "../../core/responses.ts";

/** One key of a pair, masked. Unix ms; null: never. */
export interface ShownKey {
  readonly masked: string;
  readonly created: number | null;
  readonly lastUsed: number | null;
}

/** A pair of keys, as the configuration has it. */
export interface KeyPair {
  readonly name: string;
  readonly project: string;
  /** Null where the pair has no such key. */
  readonly server: ShownKey | null;
  readonly client: ShownKey | null;
  readonly origins: readonly string[];
  /** Entries a second of each key; null: no limit. */
  readonly rate: number | null;
  readonly revoked: boolean;
}

export interface KeyPairsAnswer {
  readonly keys: readonly KeyPair[];
}

/** Whether batches can be stored now; `reason` is for people. */
export interface ReadyAnswer {
  readonly status: "ready" | "unavailable";
  readonly reason?: string;
}

interface Answers {
  readonly "/api/v1/entries": EntriesAnswer;
  readonly "/api/v1/histogram": HistogramAnswer;
  readonly "/api/v1/timings": TimingsAnswer;
  readonly "/api/v1/timings/series": SeriesAnswer;
  readonly "/api/v1/timings/running": RunningAnswer;
  readonly "/api/v1/fields": FieldsAnswer;
  readonly "/api/v1/touchpoints": TouchpointsAnswer;
  readonly "/api/v1/usage": UsageAnswer;
  readonly "/api/v1/rejections": RejectionsAnswer;
  readonly "/api/v1/keys": KeyPairsAnswer;
  readonly "/api/v1/status": StatusAnswer;
}

type ValuesPath = `/api/v1/fields/${string}/values`;

/** A route that answers a GET with JSON. */
export type ReadPath = keyof Answers | ValuesPath;

export type AnswerOf<P extends ReadPath> = P extends keyof Answers ? Answers[P] : ValuesAnswer;

/** The path of a field's values; `name` as a search writes it. */
export function valuesPath(name: string): ValuesPath {
  return `/api/v1/fields/${encodeURIComponent(name.toWellFormed())}/values`;
}
