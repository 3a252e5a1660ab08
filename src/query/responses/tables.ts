// The responses that are made from the tables beside the blocks: touchpoints, usage, rejections. Rows enter, responses
// leave.

import type {
  KeyUse,
  RejectionRow,
  RejectionsResponse,
  StoredRejection,
  StoredSpace,
  TouchpointNode,
  TouchpointRow,
  TouchpointsResponse,
  UsageResponse,
  UsageRow,
} from "../../core/account_responses.ts";
import { PAGE_LENGTH_MAX, TOUCHPOINTS_LISTED_MAX } from "../../core/limits.ts";
import { compareTexts } from "../../core/text_order.ts";
import { categoryEnds } from "../../core/touchpoint.ts";
import type { SavedView } from "../../core/views.ts";
import { projectRules, type ReadRules } from "../scan/scope.ts";
import { adviceFor } from "./advice.ts";
import type { OpenStart } from "./running.ts";

/** A stored counter of a project and month. */
export interface UsageCounterRow {
  readonly project: string;
  /** UTC, "2026-11". */
  readonly month: string;
  /** received, stored, admitted, ambiguous, or dropped.<reason>. Others are not shown. */
  readonly name: string;
  readonly value: number;
}

/** The tables beside the blocks. Project undefined: all projects. */
export interface TablesSource {
  touchpoints(project: string | undefined): readonly TouchpointRow[];
  /** The names of registered touchpoints. */
  registered(project: string | undefined): readonly string[];
  usageCounters(): readonly UsageCounterRow[];
  storage(): readonly StoredSpace[];
  /** Compressed bytes of the blocks by project and month of their records' time. */
  monthBytes(): readonly { readonly project: string; readonly month: string; readonly bytes: number }[];
  /** Latest first. */
  rejections(project: string | undefined, limit: number): Iterable<StoredRejection>;
  /** In the order in which they came. Each row is read when the iterator reaches it. */
  openStarts(): Iterable<OpenStart>;
  keyUse(): readonly KeyUse[];
  /** By name. Everybody's are of every project. */
  views(project: string | undefined): readonly SavedView[];
  /**
   * The number of ambiguous pairs by touchpoint, cut by `ambiguousName`, that were received on UTC days which the range
   * touches. Unix ms; −Infinity and Infinity: no bound.
   */
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

/** @param now Unix ms: decides which records have expired. */
export function usageResponse(tables: TablesSource, rules: ReadRules, now: number): UsageResponse {
  const rows = new Map<string, UsageRow & { bytes: number }>();
  const rowOf = (project: string, month: string) => {
    const { monthlyEntries, overage } = projectRules(rules, project);
    const row = rows.get(`${month}\n${project}`) ?? {
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
    return row;
  };
  const set = (row: UsageRow & { bytes: number }) => rows.set(`${row.month}\n${row.project}`, row);
  for (const { project, month, name, value } of tables.usageCounters()) {
    const row = rowOf(project, month);
    if (name.startsWith(DROPPED)) set({ ...row, dropped: { ...row.dropped, [name.slice(DROPPED.length)]: value } });
    else set(isShown(name) ? { ...row, [name]: value } : row);
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
    // Blocks with expired records only are deleted soon.
    if (row.oldest === null || row.newest === null || row.newest < expired) {
      return { ...row, oldest: null, newest: null, retentionMs };
    }
    return { ...row, oldest: Math.max(row.oldest, expired), retentionMs };
  });
  const hasMarkers =
    rules.markers !== undefined || Object.values(rules.projects).some(({ markers }) => markers !== undefined);
  return { usage, storage, ...(hasMarkers ? { hasMarkers } : {}) };
}

/** The latest rejections, at most `limit`; fewer where their entries are long, and then `more` is true. */
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

/** The entry; the text itself where it was cut off and is no JSON any more. */
function parseEntry(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** A touchpoint, and the names of its levels: its categories, and the rest of the name. */
interface Leveled {
  readonly row: TouchpointRow;
  readonly levels: readonly string[];
}

/**
 * One tree a project, by project, of the "/" in names: "api/orders/submit" lies below "api" and "api/orders". Nodes are
 * sorted by name. Names are sorted by their levels and then grouped in order, so that no hash table holds texts which
 * clients chose. core/category.ts bounds the levels that one name can make.
 */
export function touchpointTrees(
  touchpoints: readonly TouchpointRow[],
): { project: string; children: TouchpointNode[] }[] {
  const projects = new Map<string, Leveled[]>();
  for (const row of touchpoints) {
    const leveled = projects.get(row.project) ?? [];
    projects.set(row.project, leveled);
    leveled.push({ row, levels: levelsOf(row.name) });
  }
  return [...projects]
    .map(([project, leveled]) => ({ project, children: nodesOf(leveled.sort(compareLevels), 0) }))
    .sort((a, b) => compareTexts(a.project, b.project));
}

function levelsOf(name: string): string[] {
  let start = 0;
  const levels = categoryEnds(name).map((end) => {
    const level = name.slice(start, end - 1);
    start = end;
    return level;
  });
  levels.push(name.slice(start));
  return levels;
}

function compareLevels({ levels: one }: Leveled, { levels: other }: Leveled): number {
  for (let depth = 0; depth < one.length && depth < other.length; depth++) {
    const order = compareTexts(one[depth] as string, other[depth] as string);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

/** The nodes at one depth, of sorted touchpoints that share the levels before it. */
function nodesOf(leveled: readonly Leveled[], depth: number): TouchpointNode[] {
  const nodes: TouchpointNode[] = [];
  for (let start = 0, end = 0; start < leveled.length; start = end) {
    const name = (leveled[start] as Leveled).levels[depth] as string;
    while (end < leveled.length && leveled[end]?.levels[depth] === name) end++;
    nodes.push(nodeOf(leveled.slice(start, end), depth));
  }
  return nodes;
}

/** The node of touchpoints that share this level, too. One that ends with it comes first. */
function nodeOf(leveled: readonly Leveled[], depth: number): TouchpointNode {
  const { row, levels } = leveled[0] as Leveled;
  const isTouchpoint = levels.length === depth + 1;
  const path = levels.slice(0, depth + 1).join("/");
  const children = nodesOf(isTouchpoint ? leveled.slice(1) : leveled, depth + 1);
  return {
    name: levels[depth] as string,
    path,
    registered: isTouchpoint ? row.registered : null,
    firstSeen: isTouchpoint ? row.firstSeen : null,
    children,
  };
}
