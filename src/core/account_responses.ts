// The responses about the server and its projects, as schemas with their types: status, touchpoints, usage, rejections,
// keys, erasures. All times are Unix milliseconds. See responses.ts.

import { type TInteger, type TProperties, Type } from "@sinclair/typebox";
import { DURABILITIES } from "./batch.ts";
import { DROP_REASONS, type DropReason } from "./drop.ts";
import type { Source } from "./entry.ts";
import { count, nullable, object, text, time, type ValueOf } from "./schema_parts.ts";

export const ViewerSchema = object("Viewer", {
  name: Type.String({ description: 'Of the reader; "admin" for the admin token' }),
  isAdmin: Type.Boolean({ description: "Whether they may change things as well" }),
  projects: nullable(Type.Array(Type.String(), { description: "What they may read; null: all projects" })),
});
/** Who reads. */
export type ViewerResponse = ValueOf<typeof ViewerSchema>;

const dropReason = () => Type.Union(DROP_REASONS.map((reason) => Type.Literal(reason)));

const DROPPED = Object.fromEntries(DROP_REASONS.map((reason) => [reason, count("Entries")])) as Record<
  DropReason,
  TInteger
>;

/** Sums over all projects. */
const forAllProjects = <P extends TProperties>(members: P, description: string) =>
  nullable(Type.Object(members, { description: `${description}; null for a reader of some projects` }));

export const StatusSchema = object("Status", {
  ready: Type.Boolean({ description: "Whether batches can be stored" }),
  reason: Type.Union([Type.String(), Type.Null()], { description: "Why not" }),
  version: Type.String(),
  startedAt: time("When the server started"),
  durability: Type.Union(DURABILITIES.map((durability) => Type.Literal(durability))),
  queue: Type.Object(
    { requests: count("Batches"), requestsMax: count("Batches"), bytes: count("Bytes"), bytesMax: count("Bytes") },
    { description: "What waits to be stored" },
  ),
  entries: forAllProjects(
    {
      received: count("Entries"),
      stored: count("Entries; a pair counts two"),
      open: count("Starts and ends that wait for each other"),
      queued: count("Answered and not committed"),
      dropped: Type.Object(DROPPED, { description: "By reason" }),
    },
    "Since the data file was made: received = stored + open + queued + the sum of dropped",
  ),
  storage: forAllProjects(
    {
      records: count("Records"),
      blocks: count("Blocks"),
      bytesOnDisk: count("Bytes"),
      bytesMax: count("Bytes past which the oldest data goes"),
    },
    "The data file",
  ),
  shipping: Type.Optional(
    Type.Object(
      {
        shippedBelow: count("Records with a smaller id are stored in the cluster"),
        backlogRecords: count("Records that are not there yet"),
        backlogBytes: count("Bytes that they take in the data file"),
        backlogBytesMax: count("Bytes past which nothing more is accepted"),
        lagMs: count("How long ago the oldest of them was received, in milliseconds"),
        batches: count("Batches that were stored there since the start"),
        records: count("Records of these batches"),
        failures: count("Attempts that failed since the start"),
        problem: nullable(Type.String({ description: "Why nothing is shipped at the moment" })),
      },
      { description: "Only where a ClickHouse cluster is configured" },
    ),
  ),
});
/** How the server is now. */
export type StatusResponse = ValueOf<typeof StatusSchema>;
/** How large the data file is, and may become. */
export type FileSpace = NonNullable<StatusResponse["storage"]>;

export const TouchpointSchema = object("Touchpoint", {
  project: Type.String(),
  name: Type.String(),
  registered: Type.Boolean(),
  firstSeen: time("When it was first seen or registered"),
});
export type TouchpointRow = ValueOf<typeof TouchpointSchema>;

/** A part of touchpoints' names, between two "/". TypeBox cannot derive a type that refers to itself. */
export interface TouchpointNode {
  readonly name: string;
  /** From the root on: a touchpoint's name, or what the names below begin with. */
  readonly path: string;
  /** Null where it is only a category; so is `firstSeen`. */
  readonly registered: boolean | null;
  readonly firstSeen: number | null;
  /** By name. */
  readonly children: readonly TouchpointNode[];
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
/** Touchpoints by project, then name, as a list and as a tree a project. */
export type TouchpointsResponse = ValueOf<typeof TouchpointsSchema>;

const USAGE = {
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
};
const UsageRowSchema = Type.Object(USAGE);
/** What a project received in a month. */
export type UsageRow = ValueOf<typeof UsageRowSchema>;

const ProjectStorageSchema = Type.Object({
  project: Type.String(),
  records: count("Records"),
  blocks: count("Blocks"),
  bytes: count("Compressed"),
  retentionMs: Type.Number(),
  oldest: nullable(time("Oldest record")),
  newest: nullable(time("Newest record")),
});
/** What a project takes on disk now. */
export type ProjectStorage = ValueOf<typeof ProjectStorageSchema>;
/** The same as the data file knows it, without what the configuration says. */
export type StoredSpace = Omit<ProjectStorage, "retentionMs">;

export const UsageSchema = object("Usage", {
  usage: Type.Array(Type.Object({ ...USAGE, bytes: count("On disk now, compressed, of this project and month") }), {
    description: "Newest month first",
  }),
  storage: Type.Array(ProjectStorageSchema),
  hasMarkers: Type.Optional(Type.Literal(true, { description: "The configuration names markers" })),
});
/** Newest month first, then by project. */
export type UsageResponse = ValueOf<typeof UsageSchema>;

const RejectionSchema = Type.Object({
  id: Type.Integer(),
  project: Type.String(),
  apiKey: Type.String(),
  receivedAt: time("When it was received"),
  reason: dropReason(),
  hint: text("What to do about it"),
  entry: Type.Unknown({ description: "The entry as it was sent; a text when it was too long to keep whole" }),
});
export type RejectionRow = ValueOf<typeof RejectionSchema>;
/** The same as the data file has it. */
export interface StoredRejection extends Omit<RejectionRow, "hint" | "entry"> {
  /** JSON, shortened when it was long; of a batch that was set aside, its entries. */
  readonly entry: string;
}

export const RejectionsSchema = object("Rejections", {
  more: Type.Boolean({ description: "Whether there are more within the limit, which would make the answer too long" }),
  rejections: Type.Array(RejectionSchema, { description: "Latest first" }),
});
export type RejectionsResponse = ValueOf<typeof RejectionsSchema>;

const KeySchema = object("Key", {
  masked: Type.String({ examples: ["sk_abcd…"] }),
  created: nullable(time("When the key was first known")),
  lastUsed: nullable(time("When it last sent an accepted batch")),
});
/** One key of a pair, masked. */
export type ShownKey = ValueOf<typeof KeySchema>;

export const KeyPairSchema = object("KeyPair", {
  name: Type.String(),
  project: Type.String(),
  server: nullable(KeySchema),
  client: nullable(KeySchema),
  origins: Type.Array(Type.String()),
  rate: nullable(Type.Number({ description: "Entries a second of each key" })),
  revoked: Type.Boolean(),
});
/** A key pair, as the configuration has it. */
export type KeyPair = ValueOf<typeof KeyPairSchema>;

export const KeysSchema = object("Keys", {
  keys: Type.Array(KeyPairSchema),
  obstacle: nullable(text("Why the configuration file cannot be written; null: pairs can be changed")),
});
export type KeysResponse = ValueOf<typeof KeysSchema>;

const newKey = () => nullable(Type.String({ description: "Shown once; null: the pair has none" }));
export const CreatedPairSchema = object("CreatedPair", { pair: KeyPairSchema, server: newKey(), client: newKey() });
/** A new pair with its keys in plain text. */
export type CreatedPair = ValueOf<typeof CreatedPairSchema>;

/** When a key of a pair was first known and last sent an accepted batch; null: never. */
export interface KeyUse {
  readonly name: string;
  readonly type: Source;
  readonly created: number | null;
  readonly lastUsed: number | null;
}

/** What the data file knows about keys; HTTP joins it with the configuration to a KeysResponse. */
export interface KeyUseResponse {
  readonly keys: readonly KeyUse[];
}

export const RegisteredSchema = object("RegisteredTouchpoints", {
  registered: count("Names that are registered now"),
  left: count("Further such names: one request registers 10,000 at most"),
});
/** What registering all seen names did. */
export type RegisteredResponse = ValueOf<typeof RegisteredSchema>;

export const ErasedSchema = object("Erased", {
  erased: Type.Object({
    records: count("Records removed"),
    blocks: count("Blocks rewritten or removed"),
    rejections: count("Kept rejections removed"),
    waiting: count("Waiting timings removed"),
    shipped: Type.Optional(
      count("Records removed from ClickHouse; those that the data file had as well are counted in `records`, too"),
    ),
    damagedBlocks: Type.Optional(count("Blocks that are damaged, so could not be searched, and stay")),
  }),
});
/** What an erasure removed. Damaged blocks stay, since nobody can tell what they hold. */
export type EraseReport = ValueOf<typeof ErasedSchema>["erased"];
