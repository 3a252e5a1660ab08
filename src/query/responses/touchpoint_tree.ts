// Touchpoints as trees, by the "/" in their names: "api/orders/submit" lies below "api" and "api/orders". Names are sorted by their
// levels and then taken in a row, so that no table is made of texts that clients chose. What categories a name has is said in
// core/category.ts, which bounds what a name of slashes alone can make; the rest of it is one leaf.

import type { TouchpointNode, TouchpointRow } from "../../core/account_responses.ts";
import { categoryEnds } from "../../core/touchpoint.ts";
import { compareTexts } from "./text_order.ts";

/** A touchpoint, and the names of its levels: its categories, then what is left. */
interface Placed {
  readonly row: TouchpointRow;
  readonly levels: readonly string[];
}

/** One tree a project, by project; nodes by name. */
export function touchpointTrees(
  touchpoints: readonly TouchpointRow[],
): { project: string; children: TouchpointNode[] }[] {
  const projects = new Map<string, Placed[]>();
  for (const row of touchpoints) {
    const placed = projects.get(row.project) ?? [];
    projects.set(row.project, placed);
    placed.push({ row, levels: levelsOf(row.name) });
  }
  return [...projects]
    .map(([project, placed]) => ({ project, children: nodesOf(placed.sort(compareLevels), 0) }))
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

function compareLevels({ levels: one }: Placed, { levels: other }: Placed): number {
  for (let depth = 0; depth < one.length && depth < other.length; depth++) {
    const order = compareTexts(one[depth] as string, other[depth] as string);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

/** The nodes of one level: all of the touchpoints, which are in order, have the same levels before it. */
function nodesOf(placed: readonly Placed[], depth: number): TouchpointNode[] {
  const nodes: TouchpointNode[] = [];
  for (let start = 0, end = 0; start < placed.length; start = end) {
    const name = (placed[start] as Placed).levels[depth] as string;
    while (end < placed.length && placed[end]?.levels[depth] === name) end++;
    nodes.push(nodeOf(placed.slice(start, end), depth));
  }
  return nodes;
}

/** The node of touchpoints that have this level in common; the one that ends with it comes first. */
function nodeOf(placed: readonly Placed[], depth: number): TouchpointNode {
  const { row, levels } = placed[0] as Placed;
  const isOwn = levels.length === depth + 1;
  const path = levels.slice(0, depth + 1).join("/");
  const children = nodesOf(isOwn ? placed.slice(1) : placed, depth + 1);
  return {
    name: levels[depth] as string,
    path,
    registered: isOwn ? row.registered : null,
    firstSeen: isOwn ? row.firstSeen : null,
    children,
  };
}
