// The schemas of answers about the server and its projects: status, touchpoints, usage, rejections, keys, erasures. The types in
// core/ say the same, and a test holds both together.

import { type TInteger, Type } from "@sinclair/typebox";
import { DROP_REASONS, type DropReason } from "../../core/drop.ts";
import { count, nullable, object, text, time } from "./schema_parts.ts";

const dropReason = () => Type.Union(DROP_REASONS.map((reason) => Type.Literal(reason)));

/** Dropped entries by reason. */
const DROPPED = {
  empty: count("Entries"),
  invalid_time: count("Entries"),
  too_deep: count("Entries"),
  negative_duration: count("Entries"),
  too_old: count("Entries"),
  in_future: count("Entries"),
  duplicate: count("Entries"),
  quota: count("Entries"),
  internal: count("Entries"),
} satisfies Record<DropReason, TInteger>;

export const StatusSchema = object("Status", {
  ready: Type.Boolean({ description: "Whether batches can be stored" }),
  reason: Type.Union([Type.String(), Type.Null()], { description: "Why not" }),
  version: Type.String(),
  startedAt: time("When the server started"),
  durability: Type.Union([Type.Literal("sync"), Type.Literal("write"), Type.Literal("memory")]),
  queue: Type.Object(
    { requests: count("Batches"), requestsMax: count("Batches"), bytes: count("Bytes"), bytesMax: count("Bytes") },
    { description: "What waits to be stored" },
  ),
  entries: Type.Object(
    {
      received: count("Entries"),
      stored: count("Entries; a pair counts two"),
      open: count("Starts and ends that wait for each other"),
      queued: count("Answered and not committed"),
      dropped: Type.Object(DROPPED, { description: "By reason" }),
    },
    { description: "Since the data file was made: received = stored + open + queued + the sum of dropped" },
  ),
  storage: Type.Object({
    records: count("Records"),
    blocks: count("Blocks"),
    bytesOnDisk: count("Bytes"),
    bytesMax: count("Bytes past which the oldest data goes"),
  }),
});

export const TouchpointSchema = object("Touchpoint", {
  project: Type.String(),
  name: Type.String(),
  registered: Type.Boolean(),
  firstSeen: time("When it was first seen or registered"),
});

/** As core/answers.ts has it; what refers to itself needs a type of its own. */
interface TouchpointNode {
  name: string;
  path: string;
  registered: boolean | null;
  firstSeen: number | null;
  children: TouchpointNode[];
}

const TouchpointNodeSchema = object("TouchpointNode", {
  name: Type.String({ description: "The part of the path behind its last slash" }),
  path: Type.String(),
  registered: Type.Union([Type.Boolean(), Type.Null()], { description: "Null: only a category" }),
  firstSeen: Type.Union([time("When it was first seen or registered"), Type.Null()]),
  children: Type.Array(Type.Unsafe<TouchpointNode>({ $ref: "#/components/schemas/TouchpointNode" })),
});

export const TouchpointsSchema = object("Touchpoints", {
  more: count("Touchpoints that are not listed: 10,000 at most are"),
  touchpoints: Type.Array(TouchpointSchema),
  tree: Type.Array(Type.Object({ project: Type.String(), children: Type.Array(TouchpointNodeSchema) })),
});

export const UsageSchema = object("Usage", {
  usage: Type.Array(
    Type.Object({
      project: Type.String(),
      month: Type.String({ pattern: "^\\d{4}-\\d{2}$", description: "UTC month of receipt" }),
      received: count("Entries"),
      stored: count("Entries; a pair counts two"),
      admitted: count("Entries that count towards the limit"),
      dropped: Type.Partial(Type.Object(DROPPED), { description: "By reason" }),
      limit: nullable(count("Entries a month")),
      overage: count("Admitted entries past the limit"),
      overagePolicy: Type.Union([Type.Literal("continue"), Type.Literal("drop")]),
      ambiguous: count("Pairs by touchpoint for which more than one start would have done"),
      bytes: count("On disk now, compressed, of this project and month"),
    }),
    { description: "Newest month first" },
  ),
  storage: Type.Array(
    Type.Object({
      project: Type.String(),
      records: count("Records"),
      blocks: count("Blocks"),
      bytes: count("Compressed"),
      retentionMs: Type.Number(),
      oldest: nullable(time("Oldest record")),
      newest: nullable(time("Newest record")),
    }),
  ),
});

export const RejectionsSchema = object("Rejections", {
  more: Type.Boolean({ description: "Whether there are more within the limit, which would make the answer too long" }),
  rejections: Type.Array(
    Type.Object({
      id: Type.Integer(),
      project: Type.String(),
      apiKey: Type.String(),
      receivedAt: time("When it was received"),
      reason: dropReason(),
      hint: text("What to do about it"),
      entry: Type.Unknown({ description: "The entry as it was sent; a text when it was too long to keep whole" }),
    }),
    { description: "Latest first" },
  ),
});

const KeySchema = nullable(
  object("Key", {
    masked: Type.String({ examples: ["sk_abcd…"] }),
    created: nullable(time("When the key was first known")),
    lastUsed: nullable(time("When it last sent an accepted batch")),
  }),
);

export const KeysSchema = object("Keys", {
  keys: Type.Array(
    Type.Object({
      name: Type.String(),
      project: Type.String(),
      server: KeySchema,
      client: KeySchema,
      origins: Type.Array(Type.String()),
      rate: nullable(Type.Number({ description: "Entries a second of each key" })),
      revoked: Type.Boolean(),
    }),
  ),
});

export const ErasedSchema = object("Erased", {
  erased: Type.Object({
    records: count("Records removed"),
    blocks: count("Blocks rewritten or removed"),
    rejections: count("Kept rejections removed"),
    waiting: count("Waiting timings removed"),
    damagedBlocks: Type.Optional(count("Blocks that are damaged, so could not be searched, and stay")),
  }),
});
