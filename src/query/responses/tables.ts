// What is read beside blocks: touchpoints, usage, rejections. Rows in, answers out.

import type {
  KeyUse,
  ProjectStorage,
  RejectionRow,
  RejectionsResponse,
  TouchpointRow,
  TouchpointsResponse,
  UsageResponse,
  UsageRow,
} from "../../core/account_responses.ts";
import type { DropReason } from "../../core/drop.ts";
import { PAGE_LENGTH_MAX, TOUCHPOINTS_LISTED_MAX } from "../scan/limits.ts";
import { projectRules, type ReadRules } from "../scan/scope.ts";
import { adviceFor } from "./advice.ts";
import type { OpenStart } from "./running.ts";
import { compareTexts } from "./text_order.ts";
import { touchpointTrees } from "./touchpoint_tree.ts";

/** A counter of a project and month, as it is kept. */
export interface UsageCounterRow {
  readonly project: string;
  /** UTC, "2026-11". */
  readonly month: string;
  /** received, stored, admitted, ambiguous, or dropped.<reason>; others are not shown. */
  readonly name: string;
  readonly value: number;
}

export interface RejectedEntry {
  readonly id: number;
  readonly project: string;
  readonly apiKey: string;
  /** Unix ms. */
  readonly receivedAt: number;
  readonly reason: DropReason;
  /** JSON, shortened when it was long. */
  readonly entry: string;
}

/** The tables beside blocks. */
export interface TablesSource {
  touchpoints(project: string | undefined): readonly TouchpointRow[];
  /** The names that somebody registered. */
  registered(project: string | undefined): readonly string[];
  usageCounters(): readonly UsageCounterRow[];
  storage(): readonly Omit<ProjectStorage, "retentionMs">[];
  /** Compressed bytes of the blocks by project and month of their records' time. */
  monthBytes(): readonly { readonly project: string; readonly month: string; readonly bytes: number }[];
  /** Latest first. */
  rejections(project: string | undefined, limit: number): Iterable<RejectedEntry>;
  /** In the order in which they came; each is read when it is asked for. */
  openStarts(): Iterable<OpenStart>;
  keyUse(): readonly KeyUse[];
  /** Ambiguous pairs by touchpoint as `ambiguousName` cuts it, received on UTC days that the range touches; −Infinity, Infinity: no bound. */
  ambiguousPairs(project: string | undefined, from: number, to: number): ReadonlyMap<string, number>;
}

export function touchpointsResponse(tables: TablesSource, project: string | undefined): TouchpointsResponse {
  const all = tables.touchpoints(project);
  const touchpoints = all.slice(0, TOUCHPOINTS_LISTED_MAX);
  return { more: all.length - touchpoints.length, touchpoints, tree: touchpointTrees(touchpoints) };
}

const DROPPED = "dropped.";

function isShown(name: string): name is "received" | "stored" | "admitted" | "ambiguous" {
  return name === "received" || name === "stored" || name === "admitted" || name === "ambiguous";
}

export function usageResponse(tables: TablesSource, rules: ReadRules, now: number): UsageResponse {
  const rows = new Map<string, UsageRow & { bytes: number }>();
  const rowOf = (project: string, month: string) => {
    const name = `${month}\n${project}`;
    const { monthlyEntries, overage } = projectRules(rules, project);
    const row = rows.get(name) ?? {
      project,
      month,
      received: 0,
      stored: 0,
      admitted: 0,
      dropped: {},
      limit: monthlyEntries ?? null,
      overage: 0,
      overagePolicy: overage,
      ambiguous: 0,
      bytes: 0,
    };
    rows.set(name, row);
    return row;
  };
  const set = (row: UsageRow & { bytes: number }) => rows.set(`${row.month}\n${row.project}`, row);
  for (const { project, month, name, value } of tables.usageCounters()) {
    const row = rowOf(project, month);
    if (name.startsWith(DROPPED)) set({ ...row, dropped: { ...row.dropped, [name.slice(DROPPED.length)]: value } });
    else if (isShown(name)) set({ ...row, [name]: value });
  }
  for (const { project, month, bytes } of tables.monthBytes()) set({ ...rowOf(project, month), bytes });
  const usage = [...rows.values()].map((row) => ({
    ...row,
    overage: row.limit === null ? 0 : Math.max(0, row.admitted - row.limit),
  }));
  usage.sort((a, b) => compareTexts(b.month, a.month) || compareTexts(a.project, b.project));
  const storage = tables.storage().map((row) => {
    const { retentionMs } = projectRules(rules, row.project);
    const expired = now - retentionMs;
    // Blocks that hold nothing else are gone soon.
    if (row.oldest === null || row.newest === null || row.newest < expired) {
      return { ...row, oldest: null, newest: null, retentionMs };
    }
    return { ...row, oldest: Math.max(row.oldest, expired), retentionMs };
  });
  return { usage, storage };
}

export function rejectionsResponse(
  tables: TablesSource,
  rules: ReadRules,
  project: string | undefined,
  limit: number,
): RejectionsResponse {
  const rejections: RejectionRow[] = [];
  let length = 0;
  for (const row of tables.rejections(project, limit)) {
    length += row.entry.length;
    if (length > PAGE_LENGTH_MAX && rejections.length > 0) return { more: true, rejections };
    const entry = parseEntry(row.entry);
    const { retentionMs } = projectRules(rules, row.project);
    rejections.push({ ...row, hint: adviceFor(row.reason, entry, row.receivedAt, { retentionMs }), entry });
  }
  return { more: false, rejections };
}

/** The entry, or its text where it was shortened and is no JSON any more. */
function parseEntry(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
