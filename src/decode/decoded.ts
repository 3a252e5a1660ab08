// What every decoder makes of a body: entries of the specification's kind, and the records that cannot become one. A
// decoder is a pure function of the body and its context; it never throws for a bad body, and its work is linear in the
// body's length.

import type { BodyContent, RefusedRecord } from "../core/batch.ts";
import type { Entry } from "../core/entry.ts";
import type { ParseGuard } from "../runtime/parse_guard.ts";

export type { RefusedRecord } from "../core/batch.ts";

/** What a decoder knows of the request beside its body. */
export interface DecodeContext {
  /** The path of the request's address, as it was written; absent where there is none. */
  readonly path?: string;
  /** The query of the request's address. */
  readonly query: URLSearchParams;
  /** Looks at texts, and at member names of binary bodies, before objects are made of them. */
  readonly guard: ParseGuard;
  /** Unix ms. */
  readonly receivedAt: number;
  /** A body with more records is refused, so a decoder may stop after one more; absent: it may not. */
  readonly recordsMax?: number;
}

/** A body that could be read. */
export interface DecodedBatch {
  readonly entries: readonly Entry[];
  readonly refused: readonly RefusedRecord[];
  /**
   * What the response needs beside the outcome. Of `elasticsearch` a letter a record, see elasticsearch.ts; of `sentry`
   * the event's id.
   */
  readonly operations?: string;
}

/** A body that could not be read at all: what is wrong, a sentence without its full stop. */
export interface MalformedBody {
  readonly malformed: string;
}

export type Decoded = DecodedBatch | MalformedBody;

/** Decodes a body; never throws for what a client sent. */
export type Decode = (body: BodyContent, context: DecodeContext) => Decoded;

/** Parses JSON unless the guard refuses it. `what` is the text's name in a problem. */
export function parseJson(
  text: string,
  guard: ParseGuard,
  what = "The body",
): { readonly value: unknown } | MalformedBody {
  const malformed = guard.refusal(text);
  if (malformed !== undefined) return { malformed };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { malformed: `${what} is not JSON` };
  }
}
