// The wire: what a client sends, as the specification's tables say it. The schema is the one that checks; its static
// types are what the rest of the code reads. Unknown members are let through and ignored.

import { type Static, Type } from "@sinclair/typebox";

export type { Level, Source } from "./record.ts";

const time = (description: string) =>
  Type.Number({ description: `Unix timestamp (ms), fractions allowed: ${description}` });
const source = (description: string) => Type.Union([Type.Literal("server"), Type.Literal("client")], { description });

/** One log event or one timing measurement. */
export const EntrySchema = Type.Object(
  {
    touchpoint: Type.Optional(Type.String({ description: "The touchpoint name to associate this entry with" })),
    key: Type.Optional(Type.String({ description: "Correlation key: ties a start to its matching end" })),
    message: Type.Optional(Type.String({ description: "Free-form log message" })),
    level: Type.Optional(
      Type.Union([Type.Literal("info"), Type.Literal("warn"), Type.Literal("error"), Type.Literal("debug")], {
        description: "Log severity level (applies to log entries)",
      }),
    ),
    timestamp: Type.Optional(time("when the event occurred")),
    startTime: Type.Optional(time("marks this as a timing entry start")),
    endTime: Type.Optional(time("marks this as a timing entry end")),
    duration: Type.Optional(
      Type.Number({ description: "Pre-computed duration in ms, with startTime + endTime or alone" }),
    ),
    metadata: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: "Arbitrary JSON object" })),
    source: Type.Optional(source("Per-entry source override")),
    standalone: Type.Optional(
      Type.Boolean({ description: "When true, the start is stored at once without waiting for its end" }),
    ),
  },
  { description: "One log event or one timing measurement" },
);

/** The body of POST /api/v1/enqueue. */
export const BatchSchema = Type.Object(
  {
    key: Type.String({ description: "Your server or client API key" }),
    source: source("Must match the key type"),
    timestamp: Type.Optional(time("fallback for entries that omit their own")),
    entries: Type.Array(EntrySchema, { minItems: 1, description: "Log or timing entries" }),
  },
  { description: "A batch of entries" },
);

export type Entry = Static<typeof EntrySchema>;
export type Batch = Static<typeof BatchSchema>;
